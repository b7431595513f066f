#pragma once

#include "digitry/image/image.h"

namespace digitry {

/// Sides in pixels from which on a pixel of an enlarged picture is seen as a block.
inline constexpr int kLeastBlock = 4;

/// The picture, smoothed if it is an enlarged picture of few pixels, drawn as blocks of one colour
/// (as image viewers and drawing programs with a coarse grid do): the blocks are reduced to a pixel
/// each and enlarged again by cubic interpolation, so that staircases become strokes. The size
/// stays. Any other picture is returned as it is: one whose blocks are smaller than `kLeastBlock`,
/// or that has too few edges to tell. Expects a valid picture (`check_image`).
Image without_large_pixels(const Image& picture);

}  // namespace digitry
