#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "digitry/evaluation/nearest_images.h"
#include "digitry/tensor/tensor.h"

namespace digitry {

/// The place of an evaluated image on a map.
struct MapPoint {
  std::int64_t image_index = 0;
  std::int32_t label = 0;
  float x = 0;
  float y = 0;
};

/// Why an evaluation's most confident mistakes were made, and which images are alike for the
/// network. Any part may be missing.
struct Explanations {
  /// float32 [M, H, W], for the first M mistakes: `occlusion_maps` of the predicted class against
  /// the true one.
  Tensor attributions;
  std::int64_t patch_size = 0;  ///< Side of the hidden patch in pixels.

  /// For each of those mistakes the training images nearest to it; no lists at all if the training
  /// images are not available.
  std::vector<std::vector<Neighbour>> nearest;
  Tensor nearest_images;          ///< uint8 [K, C, H, W]: theirs, list by list.
  std::int64_t num_searched = 0;  ///< Training images searched,
  std::int64_t num_trained = 0;   ///< of this many.
  std::string no_nearest;         ///< Why there are no lists.

  std::vector<MapPoint> map;      ///< Some of the evaluated images, placed by `tsne`.
  std::int64_t num_features = 0;  ///< Of the space in which distances are measured.
};

}  // namespace digitry
