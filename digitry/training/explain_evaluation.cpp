#include "digitry/training/explain_evaluation.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "digitry/evaluation/evaluate.h"
#include "digitry/evaluation/occlusion.h"
#include "digitry/evaluation/tsne.h"
#include "digitry/nn/plan/session.h"

namespace digitry {
namespace {

constexpr std::int64_t kMaxExplained = 24;
// Of all explained images together: fewer of them where they are large.
constexpr std::int64_t kMaxExplainedPixels = std::int64_t{1} << 24;
constexpr std::size_t kMaxMapped = 1000;
constexpr std::size_t kMaxMappedMistakes = 100;
// Multiply-adds of the search, so that it takes about half a second on two processors...
constexpr double kNearestWork = 6e10;
// ...but so many images at least, however large the network: about as long as judging it takes.
constexpr double kMinSearched = 5000;
// What a multiply-add of a distance costs, in those of a convolution.
constexpr double kDistanceWork = 8;
// Of the distances between all points of a map.
constexpr double kMapWork = 2.5e9;

std::vector<Contrast> contrasts_of(const Evaluation& evaluation, std::size_t count) {
  std::vector<Contrast> contrasts;
  for (std::size_t i = 0; i < count; ++i) {
    const LabelledPrediction& mistake = evaluation.mistakes[i];
    contrasts.push_back({.image_index = static_cast<std::int32_t>(mistake.image_index),
                         .answer = mistake.predicted,
                         .rival = mistake.label});
  }
  return contrasts;
}

Tensor images_of(const std::vector<std::vector<Neighbour>>& lists, const Dataset& data) {
  std::vector<std::int32_t> indices;
  for (const auto& list : lists)
    for (const Neighbour& each : list)
      indices.push_back(static_cast<std::int32_t>(each.image_index));
  return data.images.take(indices);
}

void explain_pixels(const Model& model, const Evaluation& evaluation, const Dataset& evaluated,
                    Explanations& explanations) {
  const std::int64_t fitting = std::clamp(
      kMaxExplainedPixels / evaluated.image_shape().num_elements(), std::int64_t{1}, kMaxExplained);
  const std::size_t count = std::min(static_cast<std::size_t>(fitting), evaluation.mistakes.size());
  if (count == 0) return;
  const OcclusionPatch patch = default_patch(evaluated.image_shape());
  Classifier classifier(model);
  explanations.patch_size = patch.size;
  explanations.attributions = occlusion_maps(logits_by(classifier), evaluated.images,
                                             contrasts_of(evaluation, count), patch);
}

void explain_by_examples(const Model& model, const Evaluation& evaluation, const Dataset& evaluated,
                         const TrainingImages& trained, Explanations& explanations) {
  if (explanations.attributions.empty()) return;
  explanations.no_nearest = trained.absence;
  if (!trained.data) return;
  const auto count = static_cast<std::size_t>(explanations.attributions.shape()[0]);
  NearestTraining nearest =
      nearest_training(model, trained, evaluated.images, mistaken_images(evaluation, count),
                       kNearestShown, SearchEffort::kQuick);
  explanations.nearest_images = images_of(nearest.lists, *trained.data);
  explanations.nearest = std::move(nearest.lists);
  explanations.num_searched = nearest.num_searched;
  explanations.num_trained = std::ssize(trained.indices);
}

/// The most confident mistakes, and of the other images every so many-th; ascending.
std::vector<std::int32_t> images_to_map(const Evaluation& evaluation, std::size_t most) {
  std::vector<std::int32_t> chosen =
      mistaken_images(evaluation, std::min(kMaxMappedMistakes, most / 2));
  const std::set<std::int32_t> mistakes(chosen.begin(), chosen.end());
  std::vector<std::int32_t> others;
  for (std::int32_t i = 0; i < evaluation.num_images; ++i)
    if (!mistakes.contains(i)) others.push_back(i);
  const std::size_t count = std::min(most - chosen.size(), others.size());
  for (std::size_t i = 0; i < count; ++i) chosen.push_back(others[i * others.size() / count]);
  std::ranges::sort(chosen);
  return chosen;
}

void draw_map(const Model& model, const Evaluation& evaluation, const Dataset& evaluated,
              Explanations& explanations) {
  FeatureExtractor hidden(described_by(model), model.preprocessing);
  explanations.num_features = hidden.num_features();
  const double fitting = std::sqrt(kMapWork / static_cast<double>(hidden.num_features()));
  const std::size_t most = std::min(kMaxMapped, static_cast<std::size_t>(fitting));
  const std::vector<std::int32_t> indices = images_to_map(evaluation, most);
  if (indices.empty()) return;
  const Tensor map = tsne(hidden.features(evaluated.images, indices));
  const auto places = map.as<float>();
  // Weights so large that squares overflow give no map.
  if (!std::ranges::all_of(places, [](float place) { return std::isfinite(place); })) return;
  for (std::size_t i = 0; i < indices.size(); ++i)
    explanations.map.push_back({.image_index = indices[i],
                                .label = evaluated.labels[static_cast<std::size_t>(indices[i])],
                                .x = places[2 * i],
                                .y = places[2 * i + 1]});
}

/// Every how many-th training image a quick search looks at.
std::size_t search_step(const FeatureExtractor& hidden, std::size_t num_queries,
                        const TrainingImages& trained) {
  const double work_of_each =
      static_cast<double>(hidden.multiply_adds()) +
      kDistanceWork * static_cast<double>(num_queries) * static_cast<double>(hidden.num_features());
  const double searched = std::max(kMinSearched, kNearestWork / work_of_each);
  return static_cast<std::size_t>(
      std::max(1.0, std::ceil(static_cast<double>(trained.indices.size()) / searched)));
}

}  // namespace

const Network& described_by(const Model& model) { return model.members.front().network; }

NearestTraining nearest_training(const Model& model, const TrainingImages& trained,
                                 const Tensor& images, std::span<const std::int32_t> image_indices,
                                 std::size_t count, SearchEffort effort) {
  NearestTraining nearest;
  if (!trained.data || image_indices.empty()) return nearest;
  FeatureExtractor hidden(described_by(model), model.preprocessing);
  const std::size_t step =
      effort == SearchEffort::kAll ? 1 : search_step(hidden, image_indices.size(), trained);
  std::vector<std::int32_t> among;
  for (std::size_t i = 0; i < trained.indices.size(); i += step)
    among.push_back(trained.indices[i]);
  nearest.num_searched = std::ssize(among);
  nearest.lists =
      nearest_images(hidden, hidden.features(images, image_indices), *trained.data, among, count);
  return nearest;
}

std::vector<std::int32_t> mistaken_images(const Evaluation& evaluation, std::size_t most) {
  std::vector<std::int32_t> indices;
  for (std::size_t i = 0; i < std::min(most, evaluation.mistakes.size()); ++i)
    indices.push_back(static_cast<std::int32_t>(evaluation.mistakes[i].image_index));
  return indices;
}

Explanations explain_evaluation(const Model& model, const Evaluation& evaluation,
                                const Dataset& evaluated, const TrainingImages& trained) {
  Explanations explanations;
  explain_pixels(model, evaluation, evaluated, explanations);
  explain_by_examples(model, evaluation, evaluated, trained, explanations);
  draw_map(model, evaluation, evaluated, explanations);
  return explanations;
}

}  // namespace digitry
