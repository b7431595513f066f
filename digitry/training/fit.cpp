#include "digitry/training/fit.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "digitry/augment/test_time_augmentation.h"
#include "digitry/base/error.h"
#include "digitry/base/version.h"
#include "digitry/data/set_form.h"
#include "digitry/evaluation/calibration.h"
#include "digitry/evaluation/prototypes.h"
#include "digitry/model_io/classifier.h"
#include "digitry/nn/plan/session.h"

namespace digitry {
namespace {

// Number of images that prototypes are fitted to; more do not improve them. There are fewer for
// wide features, but at least kLeastOfClass per class on average.
constexpr std::int64_t kPrototypeImages = 4000;
constexpr std::int64_t kMaxPrototypeFeatures = std::int64_t{1} << 24;
constexpr std::int64_t kLeastOfClass = 2;
// Number of images that the rejection threshold is fitted to.
constexpr std::size_t kScoredImages = 2000;

std::vector<std::int32_t> labels_of(const Dataset& data, std::span<const std::int32_t> indices) {
  std::vector<std::int32_t> labels;
  for (const std::int32_t i : indices) labels.push_back(data.labels[static_cast<std::size_t>(i)]);
  return labels;
}

// Empty if all count alike.
std::vector<float> weights_of(const Dataset& data, std::span<const std::int32_t> indices) {
  std::vector<float> weights;
  if (data.weights.empty()) return weights;
  for (const std::int32_t i : indices) weights.push_back(data.weights[static_cast<std::size_t>(i)]);
  if (std::ranges::none_of(weights, [](float weight) { return weight > 0; })) weights.clear();
  return weights;
}

void fit_temperatures(Model& model, const Dataset& data, std::span<const std::int32_t> validation) {
  const std::vector<std::int32_t> labels = labels_of(data, validation);
  const std::vector<float> weights = weights_of(data, validation);
  const auto fitted = [&] {
    const Tensor logits = Classifier(model).logits(data.images, validation);
    return static_cast<float>(fit_temperature(logits, labels, weights));
  };
  if (model.members.size() == 1 && model.tta != TestTimeAugmentation()) {
    const TestTimeAugmentation views = std::exchange(model.tta, {});
    model.members.front().temperature = fitted();
    model.tta = views;
  }
  model.temperature = fitted();
}

// At most `most` of the indices, evenly spread, starting at position `first`.
std::vector<std::int32_t> spread(const std::vector<std::int32_t>& indices, std::size_t most,
                                 std::size_t first) {
  const std::size_t step = std::max<std::size_t>(1, indices.size() / most);
  std::vector<std::int32_t> chosen;
  for (std::size_t i = first; i < indices.size() && chosen.size() < most; i += step)
    chosen.push_back(indices[i]);
  return chosen;
}

// Fits prototypes to training images, and the threshold to validation images. Without any, it uses
// other training images, whose scores are slightly higher.
void fit_rejection(Model& model, const Dataset& data, const ValidationSplit& split) {
  for (Member& member : model.members) {
    FeatureExtractor extractor(member.network, model.preprocessing);
    const std::int64_t most = std::clamp(
        kMaxPrototypeFeatures / extractor.num_features(), kLeastOfClass * data.num_classes(),
        std::max(kPrototypeImages, kLeastOfClass * data.num_classes()));
    const std::vector<std::int32_t> sample = spread(split.train, static_cast<std::size_t>(most), 0);
    member.prototypes = fit_prototypes(extractor.features(data.images, sample),
                                       labels_of(data, sample), data.num_classes());
  }
  const std::vector<std::int32_t> scored = split.validation.empty()
                                               ? spread(split.train, kScoredImages, 1)
                                               : spread(split.validation, kScoredImages, 0);
  model.rejection_threshold = static_cast<float>(
      fit_rejection_threshold(Classifier(model).in_distribution_scores(data.images.take(scored))));
}

}  // namespace

void calibrate(Model& model, const Dataset& data, const ValidationSplit& split) {
  if (!split.validation.empty()) fit_temperatures(model, data, split.validation);
  fit_rejection(model, data, split);
}

namespace {

std::map<std::string, std::string> provenance_of(const Recipe& recipe, const Dataset& data) {
  return {{"digitry_version", std::string(version())},
          {"recipe_name", recipe.name},
          {"recipe", to_toml(recipe)},
          {"seed", fmt::format("{}", recipe.seed)},
          {"data", data.name},
          {"data_sha256", data.sha256},
          {"image_form", find_set_form(data.images).name()}};
}

struct FittedNetwork {
  Model model;
  ValidationSplit split = {};
  TrainingEnd end = TrainingEnd::kFinished;
};

FittedNetwork fit_one(const Recipe& recipe, const Dataset& train, const TrainingObserver& observer,
                      Communicator& ranks) {
  FittedNetwork fitted{.model = untrained_model(recipe, train)};
  Trainer trainer(recipe, train, ranks);
  fitted.end = trainer.run(observer);
  take_weights(fitted.model, trainer);
  fitted.split = trainer.split();
  calibrate(fitted.model, trainer.examples(), fitted.split);
  return fitted;
}

}  // namespace

Model untrained_model(const Recipe& recipe, const Dataset& train) {
  std::vector<std::string> class_names = class_names_of(recipe, train);
  return {
      .members = one_member(Network(train.image_shape(), std::ssize(class_names), recipe.layers)),
      .preprocessing = {},
      .tta = recipe.tta,
      .class_names = std::move(class_names),
      .provenance = provenance_of(recipe, train)};
}

void take_weights(Model& model, const Trainer& trainer) {
  model.members.front().network.set_parameters(copy_of(trainer.network().parameters()));
  model.provenance["epochs"] = fmt::format("{}", trainer.history().epochs.size());
  model.provenance["best_epoch"] = fmt::format("{}", trainer.history().best_epoch);
}

Recipe member_recipe(const Recipe& recipe, std::int64_t index) {
  Recipe member = recipe;
  member.members = 1;
  member.tta = {};
  member.split_seed = recipe.split_seed.value_or(recipe.seed);
  member.seed =
      recipe.seed * static_cast<std::uint64_t>(recipe.members) + static_cast<std::uint64_t>(index);
  return member;
}

Model fit(const Recipe& recipe, const Dataset& train, const TrainingObserver& observer,
          Communicator& ranks) {
  // Checks the whole recipe, because Trainer checks only that of one network.
  check_recipe(recipe, recipe.name);
  if (recipe.members == 1) return fit_one(recipe, train, observer, ranks).model;
  std::vector<Model> networks;
  std::vector<std::string> names;
  ValidationSplit split;
  for (std::int64_t i = 0; i < recipe.members; ++i) {
    FittedNetwork fitted = fit_one(member_recipe(recipe, i), train, observer, ranks);
    networks.push_back(std::move(fitted.model));
    names.push_back(fmt::format("network {}", i));
    split = std::move(fitted.split);
    if (fitted.end == TrainingEnd::kInterrupted) break;
  }
  Model model = combine(std::move(networks), names);
  model.provenance = provenance_of(recipe, train);
  model.tta = recipe.tta;
  calibrate(model, train, split);
  return model;
}

Model fit(const Network& network, const Dataset& train, Recipe recipe,
          const TrainingObserver& observer) {
  network.check_complete();
  if (!recipe.layers.empty())
    throw Error(
        ErrorCode::kInvalidArgument,
        "fit: expected a recipe without layers, because the network has them, got {} layers",
        recipe.layers.size());
  if (!network.parameters().empty())
    throw Error(ErrorCode::kInvalidArgument,
                "fit: expected a network without values, because training initializes it; pass a "
                "network that was not initialized");
  if (network.input_shape() != train.image_shape())
    throw Error(ErrorCode::kShapeMismatch,
                "fit: expected images of {} for this network, got {} in {}",
                network.input_shape().to_string(), train.image_shape().to_string(), train.name);
  recipe.layers = network.layer_attributes();
  return fit(recipe, train, observer);
}

}  // namespace digitry
