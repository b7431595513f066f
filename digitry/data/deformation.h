#pragma once

#include <cstdint>

#include "digitry/base/random.h"
#include "digitry/data/augment.h"
#include "digitry/data/warp.h"

namespace digitry {

/// Pixels that are made background; none where a side is 0.
struct ErasedRectangle {
  std::int64_t top = 0, left = 0, height = 0, width = 0;
};

/// What becomes of one image, but for its elastic displacement.
struct Deformation {
  warp::AffineMap source;  ///< A⁻¹ about the image's centre.
  float thickness = 0;     ///< For warp::thicken.
  ErasedRectangle erased;  ///< Inside the image.
};

/// The random numbers of one image in one epoch.
RandomStream augmentation_stream(std::uint64_t seed, std::int64_t epoch, std::int32_t image_index);

/// Draws one deformation; takes the same count of numbers from `random` whatever the options.
Deformation draw_deformation(const AugmentOptions& options, ImageSize size, RandomStream& random);

}  // namespace digitry
