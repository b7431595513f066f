#pragma once

#include "digitry/image/image.h"

namespace digitry {

/// Brings an image to another size and keeps its aspect: scales it so that it just fits, and fills
/// what is left on both sides with the background, in each channel the median of its outermost
/// pixels. Pixels are averaged over the area that they cover if the image becomes smaller, and
/// interpolated linearly if it becomes larger. An image that has the size already is returned as it
/// is. Expects sides of at least 1 pixel.
Image fit_image(const Image& image, ImageSize size);

}  // namespace digitry
