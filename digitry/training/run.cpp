#include "digitry/training/run.h"

#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <utility>
#include <vector>

#include "digitry/base/error.h"
#include "digitry/base/file.h"
#include "digitry/base/parallel.h"
#include "digitry/base/sha256.h"
#include "digitry/training/network_run.h"

namespace digitry {
namespace fs = std::filesystem;
namespace {

// The recipe of a new or resumed request, checked like a recipe file.
Recipe recipe_of(const RunRequest& request, std::string& source) {
  source = request.resume ? open_run_folder(request.out).config().string() : request.source;
  Recipe recipe = request.resume ? find_recipe(source) : request.recipe;
  check_recipe(recipe, source);
  return recipe;
}

struct Members {
  std::vector<Model> models;
  std::vector<std::string> names;
};

RunFolder member_folder(const RunFolder& run, std::int64_t index) {
  return {run.path / "members" / fmt::format("{}", index)};
}

// Lets the caller train the networks that are not yet trained in another way.
void train_members_elsewhere(const RunRequest& request, const Recipe& recipe,
                             const RunFolder& run) {
  std::vector<fs::path> folders;
  for (std::int64_t i = 0; i < recipe.members; ++i) {
    const RunFolder folder = member_folder(run, i);
    if (!path_exists(folder.config())) {
      make_folder(folder.path);
      write_file_atomically(folder.config(), to_toml(member_recipe(recipe, i)));
    }
    if (!folder.finished()) folders.push_back(folder.path);
  }
  if (!folders.empty()) request.train_members(folders);
}

// Trains all networks that are not yet trained. Adds their time and steps to `facts`.
Members train_members(const RunRequest& request, const RunObserver& observer, const Recipe& recipe,
                      const RunFolder& run, TrainingFacts& facts, Communicator& ranks) {
  Members members;
  for (std::int64_t i = 0; i < recipe.members; ++i) {
    const RunFolder folder = member_folder(run, i);
    if (observer.on_member) observer.on_member(i, recipe.members);
    members.names.push_back(folder.path.string());
    bool finished = false;
    RunRequest one = request;
    one.out = folder.path.string();
    collectively(ranks, [&] {
      if (!ranks.is_first()) return;
      one.resume = path_exists(folder.config());
      finished = one.resume && folder.finished();
    });
    const std::string state = broadcast(ranks, finished ? "finished" : one.resume ? "begun" : "");
    if (state == "finished") {
      if (!ranks.is_first()) continue;
      const RunMetrics metrics = read_run_metrics(folder);
      members.models.push_back(load_model(folder.model()));
      facts.seconds += metrics.seconds;
      facts.num_steps += metrics.num_steps;
      continue;
    }
    one.resume = state == "begun";
    try {
      std::optional<TrainedRun> trained =
          train_network(one, observer, member_recipe(recipe, i), request.source, ranks);
      if (!trained) continue;
      members.models.push_back(std::move(trained->model));
      facts.seconds += trained->facts.seconds;
      facts.num_steps += trained->facts.num_steps;
      if (const std::optional<int> fewest = trained->facts.fewest_threads)
        facts.fewest_threads = std::min(facts.fewest_threads.value_or(*fewest), *fewest);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kInterrupted) throw;
      throw Error(ErrorCode::kInterrupted, "stopped after {} of {} networks; to continue: {}", i,
                  recipe.members, resume_command(run));
    }
  }
  return members;
}

std::optional<TrainedRun> train_networks(const RunRequest& request, const RunObserver& observer,
                                         const Recipe& recipe, const std::string& source,
                                         Communicator& ranks) {
  std::shared_ptr<const Dataset> data;
  std::optional<Model> model;
  ValidationSplit split;
  std::optional<HeldRun> held;
  TrainingFacts facts;
  collectively(ranks, [&] {
    if (!ranks.is_first()) return;
    data = std::make_shared<const Dataset>(load_training_data(recipe));
    model = untrained_model_of(recipe, source, *data);
    split = split_by(recipe, *data);
    held =
        request.resume ? hold_unfinished(request.out) : make_run_folder(request.out, recipe.name);
    if (!request.resume) write_file_atomically(held->folder.config(), to_toml(recipe));
    facts = {.num_epochs = recipe.epochs,
             .num_train = std::ssize(split.train),
             .num_validation = std::ssize(split.validation),
             .num_threads = num_threads(),
             .num_networks = recipe.members};
  });
  if (ranks.is_first() && request.train_members)
    train_members_elsewhere(request, recipe, held->folder);
  Members members =
      train_members(request, observer, recipe, held ? held->folder : RunFolder(), facts, ranks);
  if (!ranks.is_first()) return std::nullopt;
  Model combined = combine(std::move(members.models), members.names);
  combined.provenance = std::move(model->provenance);
  combined.tta = model->tta;
  calibrate(combined, *data, split);
  save_model(combined, held->folder.model());
  TrainedRun trained{.held = *std::move(held),
                     .recipe = recipe,
                     .model = std::move(combined),
                     .history = {},
                     .facts = facts,
                     .metrics = {},
                     .evaluated_on = {},
                     .trained_on = {.data = data, .indices = split.train, .absence = {}}};
  trained.evaluated_on = data_to_evaluate(recipe, split, trained.model);
  finish_run(request, trained);
  return trained;
}

}  // namespace

TrainedRun train_run(const RunRequest& request, const RunObserver& observer) {
  return *train_run(request, observer, one_rank());
}

std::optional<TrainedRun> train_run(const RunRequest& request, const RunObserver& observer,
                                    Communicator& ranks) {
  std::string source;
  Recipe recipe;
  // A run's own recipe is where the run is: on the host of the first rank.
  collectively(ranks, [&] {
    if (ranks.is_first() || !request.resume) recipe = recipe_of(request, source);
  });
  if (request.resume && ranks.size() > 1)
    recipe = parse_recipe(broadcast(ranks, to_toml(recipe)), request.out);
  check_same(ranks, ErrorCode::kBadData, "recipe", sha256(to_toml(recipe)),
             "give every rank the same recipe and options");
  return recipe.members == 1 ? train_network(request, observer, recipe, source, ranks)
                             : train_networks(request, observer, recipe, source, ranks);
}

}  // namespace digitry
