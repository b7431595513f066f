#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "digitry/data/dataset.h"
#include "digitry/evaluation/evaluate.h"
#include "digitry/evaluation/nearest_images.h"
#include "digitry/model_io/model.h"
#include "digitry/tensor/tensor.h"
#include "digitry/training/evaluation_data.h"

namespace digitry {

/// Training images listed for each explained image.
inline constexpr std::size_t kNearestShown = 5;

/// The network whose features are used to compare images: the first one of the model.
const Network& described_by(const Model& model);

struct NearestTraining {
  std::vector<std::vector<Neighbour>>
      lists;  ///< One list per image; empty without training images.
  std::int64_t num_searched = 0;
};

/// kAll searches all training images. kQuick searches an even sample if all of them would take much
/// more than half a second.
enum class SearchEffort { kAll, kQuick };

/// For each of these images, the `count` training images whose features are nearest.
NearestTraining nearest_training(const Model& model, const TrainingImages& trained,
                                 const Tensor& images, std::span<const std::int32_t> image_indices,
                                 std::size_t count, SearchEffort effort);

/// The indices of an evaluation's first `most` mistakes.
std::vector<std::int32_t> mistaken_images(const Evaluation& evaluation, std::size_t most);

/// The position of an evaluated image on a map.
struct MapPoint {
  std::int64_t image_index = 0;
  std::int32_t label = 0;
  float x = 0;
  float y = 0;
};

/// Explains the most confident mistakes of an evaluation, and shows which images are similar to the
/// network. Any part may be missing.
struct Explanations {
  /// float32 [M, H, W], for the first M mistakes: `occlusion_maps` of the predicted class against
  /// the true one.
  Tensor attributions;
  std::int64_t patch_size = 0;  ///< Side of the hidden patch in pixels.

  /// For each of those mistakes, the nearest training images; empty if the training images are not
  /// available.
  std::vector<std::vector<Neighbour>> nearest;
  Tensor nearest_images;          ///< uint8 [K, C, H, W]: these images, list by list.
  std::int64_t num_searched = 0;  ///< Number of training images searched.
  std::int64_t num_trained = 0;   ///< Number of all training images.
  std::string no_nearest;         ///< Why `nearest` is empty.

  std::vector<MapPoint> map;      ///< Some of the evaluated images, positioned by `tsne`.
  std::int64_t num_features = 0;  ///< Dimension of the space in which distances are measured.
};

/// Computes all explanations of a report in about a second: attributions and nearest training
/// images of the most confident mistakes, and a map of the evaluated images.
Explanations explain_evaluation(const Model& model, const Evaluation& evaluation,
                                const Dataset& evaluated, const TrainingImages& trained);

}  // namespace digitry
