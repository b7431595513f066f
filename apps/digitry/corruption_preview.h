#pragma once

#include <cstdint>
#include <vector>

#include "digitry/data/corruption.h"
#include "digitry/data/dataset.h"

namespace digitry::app {

/// Images, each with what corruptions make of it.
struct CorruptionPreview {
  std::vector<std::int64_t> image_indices;
  /// uint8 [K·per_row, C, H, W]: for each image itself, then it under each corruption.
  Tensor images;
  std::int64_t per_row = 1;
};

/// Shows `num_images` images of `data`, of each class in turn.
CorruptionPreview make_corruption_preview(const Dataset& data, std::int64_t num_images,
                                          const std::vector<Corruption>& corruptions,
                                          std::uint64_t seed);

}  // namespace digitry::app
