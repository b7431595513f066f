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
// Limit for all explained images together: fewer are explained if they are large.
constexpr std::int64_t kMaxExplainedPixels = std::int64_t{1} << 24;
constexpr std::size_t kMaxMapped = 1000;
constexpr std::size_t kMaxMappedMistakes = 100;
// Multiply-adds of the search, so that it takes about half a second on two processors.
constexpr double kNearestWork = 6e10;
// The search always covers this many images. For large networks it then takes about as long as the
// evaluation.
constexpr double kMinSearched = 5000;
// Cost of a multiply-add of a distance, relative to one of a convolution.
constexpr double kDistanceWork = 8;
// Multiply-adds of the distances between all points of a map.
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

/// The most confident mistakes, and an even sample of the other images, in ascending order.
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
  FeatureExtractor extractor(described_by(model), model.preprocessing);
  explanations.num_features = extractor.num_features();
  const double fitting = std::sqrt(kMapWork / static_cast<double>(extractor.num_features()));
  const std::size_t most = std::min(kMaxMapped, static_cast<std::size_t>(fitting));
  const std::vector<std::int32_t> indices = images_to_map(evaluation, most);
  if (indices.empty()) return;
  const Tensor map = tsne(extractor.features(evaluated.images, indices));
  const auto places = map.as<float>();
  // If the weights are so large that squares overflow, there is no map.
  if (!std::ranges::all_of(places, [](float place) { return std::isfinite(place); })) return;
  for (std::size_t i = 0; i < indices.size(); ++i)
    explanations.map.push_back({.image_index = indices[i],
                                .label = evaluated.labels[static_cast<std::size_t>(indices[i])],
                                .x = places[2 * i],
                                .y = places[2 * i + 1]});
}

/// A quick search looks at every n-th training image; this is n.
std::size_t search_step(const FeatureExtractor& extractor, std::size_t num_queries,
                        const TrainingImages& trained) {
  const double work_of_each = static_cast<double>(extractor.multiply_adds()) +
                              kDistanceWork * static_cast<double>(num_queries) *
                                  static_cast<double>(extractor.num_features());
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
  FeatureExtractor extractor(described_by(model), model.preprocessing);
  const std::size_t step =
      effort == SearchEffort::kAll ? 1 : search_step(extractor, image_indices.size(), trained);
  std::vector<std::int32_t> among;
  for (std::size_t i = 0; i < trained.indices.size(); i += step)
    among.push_back(trained.indices[i]);
  nearest.num_searched = std::ssize(among);
  nearest.lists = nearest_images(extractor, extractor.features(images, image_indices),
                                 *trained.data, among, count);
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
