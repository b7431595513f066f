#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "digitry/evaluation/nearest_images.h"
#include "digitry/image/thumbnails.h"
#include "digitry/report/attribution.h"
#include "digitry/tensor/tensor.h"

namespace digitry {

/// The place of an evaluated image on a map.
struct MapPoint {
  std::int64_t image_index = 0;
  std::int32_t label = 0;
  float x = 0;
  float y = 0;
};

/// Explanations of an evaluation's most confident mistakes, and a map of similar images. Every
/// member may be empty.
struct Explanations {
  /// float32 [M, H, W] for the first M mistakes: `occlusion_maps` of the predicted class against
  /// the true class.
  Tensor attributions;
  std::int64_t patch_size = 0;  ///< Side of the hidden patch, pixels.

  /// For each of these mistakes its nearest training images; empty if there are no training images.
  std::vector<std::vector<Neighbour>> nearest;
  Tensor nearest_images;          ///< uint8 [K, C, H, W]: the images of `nearest`, list by list.
  std::int64_t num_searched = 0;  ///< Number of training images that were searched.
  std::int64_t num_trained = 0;   ///< Number of training images.
  std::string no_nearest;         ///< Why `nearest` is empty.

  std::vector<MapPoint> map;      ///< Some of the evaluated images, placed by `tsne`.
  std::int64_t num_features = 0;  ///< Number of features in which distances are measured.
};

/// An explained image as an enlarged PNG on white. From left to right: the image, the image tinted
/// by its attribution, its nearest training images. All pictures must have the same size.
std::string encode_explanation_png(const Image& image, const AttributionPicture& attribution,
                                   const std::vector<Image>& nearest);

}  // namespace digitry
