#include "digitry/training/fit.h"

#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "digitry/base/version.h"
#include "digitry/data/views.h"
#include "digitry/training/calibrate.h"

namespace digitry {
namespace {

std::map<std::string, std::string> provenance_of(const Recipe& recipe, const Dataset& data) {
  return {{"digitry_version", std::string(version())},
          {"recipe_name", recipe.name},
          {"recipe", to_toml(recipe)},
          {"seed", fmt::format("{}", recipe.seed)},
          {"data", data.name},
          {"data_sha256", data.sha256}};
}

struct FittedNetwork {
  Model model;
  ValidationSplit split = {};
  TrainingEnd end = TrainingEnd::kFinished;
};

FittedNetwork fit_one(const Recipe& recipe, const Dataset& train,
                      const TrainingObserver& observer) {
  FittedNetwork fitted{.model = untrained_model(recipe, train)};
  Trainer trainer(recipe, train);
  fitted.end = trainer.run(observer);
  take_weights(fitted.model, trainer);
  fitted.split = trainer.split();
  calibrate(fitted.model, train, fitted.split);
  return fitted;
}

}  // namespace

Model untrained_model(const Recipe& recipe, const Dataset& train) {
  return {.members = one_member(Network(train.image_shape(), train.num_classes(), recipe.layers)),
          .preprocessing = {},
          .views = read_views(recipe.views, recipe.name),
          .class_names = train.class_names,
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
  member.views.clear();
  member.split_seed = recipe.split_seed.value_or(recipe.seed);
  member.seed =
      recipe.seed * static_cast<std::uint64_t>(recipe.members) + static_cast<std::uint64_t>(index);
  return member;
}

Model fit(const Recipe& recipe, const Dataset& train, const TrainingObserver& observer) {
  // All of the recipe: Trainer sees that of one network alone.
  parse_recipe(to_toml(recipe), recipe.name);
  if (recipe.members == 1) return fit_one(recipe, train, observer).model;
  std::vector<Model> networks;
  std::vector<std::string> names;
  ValidationSplit split;
  for (std::int64_t i = 0; i < recipe.members; ++i) {
    FittedNetwork fitted = fit_one(member_recipe(recipe, i), train, observer);
    networks.push_back(std::move(fitted.model));
    names.push_back(fmt::format("network {}", i));
    split = std::move(fitted.split);
    if (fitted.end == TrainingEnd::kInterrupted) break;
  }
  Model model = combine(std::move(networks), names);
  model.provenance = provenance_of(recipe, train);
  model.views = read_views(recipe.views, recipe.name);
  calibrate(model, train, split);
  return model;
}

}  // namespace digitry
