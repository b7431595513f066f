#include "apps/digitry/commands/train_ensemble.h"

#include <fmt/format.h>

#include <cmath>
#include <memory>
#include <utility>
#include <vector>

#include "apps/digitry/commands/run_folder.h"
#include "apps/digitry/commands/run_report.h"
#include "apps/digitry/commands/train_parts.h"
#include "apps/digitry/terminal/terminal.h"
#include "apps/digitry/terminal/words.h"
#include "digitry/base/error.h"
#include "digitry/base/file.h"
#include "digitry/base/parallel.h"
#include "digitry/training/fit.h"

namespace digitry::app {
namespace {

namespace fs = std::filesystem;

fs::path member_path(const RunFolder& run, std::int64_t index) {
  return run.path / "members" / fmt::format("{}", index);
}

void train_member(const TrainRequest& request, const Recipe& recipe, const fs::path& path) {
  const RunFolder folder{path};
  if (path_exists(folder.config()) && folder.finished()) return;
  TrainRequest one = request;
  one.recipe = recipe;
  one.out = path.string();
  one.resume = path_exists(folder.config());
  one.finish = {.json = false, .report = false, .print = false};
  train_run(one);
}

// All of the members, trained. `facts` adds up what they took.
std::vector<Model> train_members(const TrainRequest& request, const Recipe& recipe,
                                 const RunFolder& run, TrainingFacts& facts) {
  std::vector<Model> models;
  for (std::int64_t i = 0; i < recipe.members; ++i) {
    const fs::path path = member_path(run, i);
    inform(fmt::format("network {} of {}", i + 1, recipe.members));
    try {
      train_member(request, member_recipe(recipe, i), path);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kInterrupted) throw;
      throw Error(ErrorCode::kInterrupted,
                  "stopped with {} of {} networks done; to go on: digitry train --resume --out {}",
                  i, recipe.members, shell_word(run.path.string()));
    }
    models.push_back(load_model(RunFolder{path}.model()));
    facts.seconds += training_figure(RunFolder{path}, "seconds");
    facts.num_steps += std::llround(training_figure(RunFolder{path}, "steps"));
  }
  return models;
}

std::vector<std::string> member_names(const RunFolder& run, std::int64_t count) {
  std::vector<std::string> names;
  for (std::int64_t i = 0; i < count; ++i) names.push_back(member_path(run, i).string());
  return names;
}

TrainedRun train_ensemble(const TrainRequest& request, const Recipe& recipe) {
  parse_recipe(to_toml(recipe), request.source);
  const auto data = std::make_shared<const Dataset>(load_training_data(recipe));
  const ValidationSplit split = split_by(recipe, *data);
  const HeldRun held =
      request.resume ? hold_unfinished(request.out) : make_run_folder(request.out, recipe.name);
  const RunFolder& run = held.folder;
  if (!request.resume) write_file_atomically(run.config(), to_toml(recipe));
  TrainingFacts facts{.num_epochs = recipe.epochs,
                      .num_train = std::ssize(split.train),
                      .num_validation = std::ssize(split.validation),
                      .num_threads = num_threads(),
                      .num_networks = recipe.members};
  Model model =
      combine(train_members(request, recipe, run, facts), member_names(run, recipe.members));
  Model of_recipe = untrained_model(recipe, *data);
  model.provenance = std::move(of_recipe.provenance);
  model.tta = of_recipe.tta;
  calibrate(model, *data, split);
  save_model(model, run.model());
  std::optional<Judged> judged =
      finish_run(run, request.finish, images_to_judge(recipe, split, model), facts, model,
                 {.data = data, .indices = split.train, .absence = {}});
  return {.path = run.path, .judged = std::move(judged), .seconds = facts.seconds};
}

}  // namespace

TrainedRun train_recipe(const TrainRequest& request) {
  const Recipe recipe =
      request.resume ? find_recipe(open_run_folder(request.out).config().string()) : request.recipe;
  return recipe.members == 1 ? train_run(request) : train_ensemble(request, recipe);
}

}  // namespace digitry::app
