#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "digitry/evaluation/nearest_images.h"
#include "digitry/image/thumbnails.h"
#include "digitry/report/attribution.h"
#include "digitry/tensor/tensor.h"

namespace digitry {

/// Where a judged image lies on a map.
struct MapPoint {
  std::int64_t image_index = 0;
  std::int32_t label = 0;
  float x = 0;
  float y = 0;
};

/// Why an evaluation's most confident mistakes were made, and what the network finds alike. All of
/// it may be left out.
struct Explanations {
  /// float32 [M, H, W], for the first M mistakes: `occlusion_maps` of the predicted class against
  /// the true one.
  Tensor attributions;
  std::int64_t patch_size = 0;  ///< Of the patch that was hidden, in pixels a side.

  /// For each of those mistakes the training images nearest to it; no lists at all where there are
  /// no training images at hand.
  std::vector<std::vector<Neighbour>> nearest;
  Tensor nearest_images;          ///< uint8 [K, C, H, W]: theirs, list by list.
  std::int64_t num_searched = 0;  ///< So many training images were looked at,
  std::int64_t num_trained = 0;   ///< of so many.
  std::string no_nearest;         ///< Why there are no lists.

  std::vector<MapPoint> map;      ///< Some of the judged images, placed by `tsne`.
  std::int64_t num_features = 0;  ///< Of the hidden layer, which nearness is in.
};

/// One explained image as a PNG on white, enlarged, from left to right: the image, the same tinted
/// by what spoke for and against, the images nearest to it. Expects pictures of one size.
std::string encode_explanation_png(const Image& image, const AttributionPicture& attribution,
                                   const std::vector<Image>& nearest);

}  // namespace digitry
