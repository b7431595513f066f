#pragma once

#include "digitry/image/image.h"

namespace digitry {

/// Brings a grey image to another size and keeps its aspect: scales it so that it just fits, and
/// fills what is left on both sides with the background, the median of its outermost pixels.
/// Pixels are averaged over the area that they cover if the image becomes smaller, and interpolated
/// linearly if it becomes larger. An image that has the size already is returned as it is. Expects
/// one channel and sides of at least 1 pixel.
Image fit_image(const Image& grey, ImageSize size);

}  // namespace digitry
