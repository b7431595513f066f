#pragma once

#include "digitry/image/image.h"

namespace digitry {

/// The picture in grey for finding ink: its luminance, unless colours differ more than lightness
/// does. Then the projection on the colour direction in which the picture differs most from its
/// local mean (the first principal component), stretched; it may be inverted. So orange ink on cyan
/// paper of the same lightness is found. Pictures with transparency are always luminance.
/// Luminance of 0 and 1 alone becomes 0 and 255.
Image grey_of_most_contrast(const Image& picture);

}  // namespace digitry
