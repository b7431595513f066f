#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "apps/digitry/commands/training_images.h"
#include "digitry/data/dataset.h"
#include "digitry/evaluation/evaluate.h"
#include "digitry/evaluation/nearest_images.h"
#include "digitry/model_io/model.h"
#include "digitry/report/explanations.h"

namespace digitry::app {

/// How many training images are shown for each explained one.
inline constexpr std::size_t kNearestShown = 5;

/// The network whose hidden layer tells which images are alike: of several, each of which has one,
/// the first.
const Network& described_by(const Model& model);

struct NearestTraining {
  std::vector<std::vector<Neighbour>> lists;  ///< One an image; none where nothing is at hand.
  std::int64_t num_searched = 0;
};

/// Whether to look at all training images, or only at every second, third... where all of them
/// would take much more than half a second.
enum class SearchEffort { kAll, kQuick };

/// For each of these images the training images nearest to it in the last hidden layer.
NearestTraining nearest_training(const Model& model, const TrainingImages& trained,
                                 const Tensor& images, std::span<const std::int32_t> image_indices,
                                 std::size_t count, SearchEffort effort);

/// The indices of an evaluation's first `most` mistakes.
std::vector<std::int32_t> mistaken_images(const Evaluation& evaluation, std::size_t most);

/// All that a report explains of `evaluation`, within a second or so of work: the most confident
/// mistakes pixel by pixel and beside their nearest training images, and a map of the judged
/// images.
Explanations explain_evaluation(const Model& model, const Evaluation& evaluation,
                                const Dataset& judged, const TrainingImages& trained);

}  // namespace digitry::app
