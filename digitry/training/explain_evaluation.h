#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "digitry/data/dataset.h"
#include "digitry/evaluation/evaluate.h"
#include "digitry/evaluation/explanations.h"
#include "digitry/evaluation/nearest_images.h"
#include "digitry/model_io/model.h"
#include "digitry/training/evaluation_data.h"

namespace digitry {

/// Training images listed for each explained image.
inline constexpr std::size_t kNearestShown = 5;

/// The network in whose features images are compared: the first one of several.
const Network& described_by(const Model& model);

struct NearestTraining {
  std::vector<std::vector<Neighbour>> lists;  ///< One per image; none without training images.
  std::int64_t num_searched = 0;
};

/// Whether to search all training images, or only every second, third... if all of them would take
/// much more than half a second.
enum class SearchEffort { kAll, kQuick };

/// For each of these images the training images nearest to it in the features of the last layer.
NearestTraining nearest_training(const Model& model, const TrainingImages& trained,
                                 const Tensor& images, std::span<const std::int32_t> image_indices,
                                 std::size_t count, SearchEffort effort);

/// The indices of an evaluation's first `most` mistakes.
std::vector<std::int32_t> mistaken_images(const Evaluation& evaluation, std::size_t most);

/// Everything that a report explains about `evaluation`, in about a second of work: the most
/// confident mistakes pixel by pixel and beside their nearest training images, and a map of the
/// evaluated images.
Explanations explain_evaluation(const Model& model, const Evaluation& evaluation,
                                const Dataset& evaluated, const TrainingImages& trained);

}  // namespace digitry
