#include "apps/digitry/commands/train_run.h"

#include <fmt/format.h>

#include <memory>
#include <optional>
#include <utility>

#include "apps/digitry/commands/profile.h"
#include "apps/digitry/commands/run_folder.h"
#include "apps/digitry/commands/train_parts.h"
#include "apps/digitry/commands/training_run.h"
#include "apps/digitry/terminal/terminal.h"
#include "apps/digitry/terminal/words.h"
#include "digitry/base/error.h"
#include "digitry/base/file.h"
#include "digitry/base/parallel.h"
#include "digitry/base/text.h"
#include "digitry/training/fit.h"
#include "digitry/training/trainer.h"

namespace digitry::app {
namespace {

// Layers that do not fit each other or the images: `source` says which recipe has them.
Model untrained_model_of(const Recipe& recipe, const std::string& source, const Dataset& data) try {
  return untrained_model(recipe, data);
} catch (const Error& error) {
  throw Error(ErrorCode::kBadData, "{}: {}", source, error.what());
}

TrainingFacts facts_of(const Trainer& trainer) {
  return {.seconds = trainer.elapsed_seconds(),
          .num_steps = trainer.num_steps_done(),
          .num_epochs = std::ssize(trainer.history().epochs),
          .best_epoch = trainer.history().best_epoch,
          .num_train = std::ssize(trainer.split().train),
          .num_validation = std::ssize(trainer.split().validation),
          .num_threads = num_threads()};
}

// The same error, telling what the trainer went back to and where that is.
Error diverged_in(const RunFolder& run, const Trainer& trainer, Model& model, const Error& error) {
  const History& history = trainer.history();
  if (history.epochs.empty())
    return {error.code(), "{}; no epoch was finished, so that {} has no model", error.what(),
            run.path.string()};
  take_weights(model, trainer);
  save_model(model, run.model());
  const std::int64_t last = std::ssize(history.epochs);
  return {error.code(),
          "{}; {} holds the weights of epoch {}, {} the state after epoch {}",
          error.what(),
          run.model().string(),
          history.best_epoch == 0 ? last : history.best_epoch,
          run.checkpoint().string(),
          last};
}

void throw_interrupted(const RunFolder& run, const Trainer& trainer) {
  throw Error(ErrorCode::kInterrupted, "stopped after step {}; {} holds what was learnt; {}",
              trainer.num_steps_done(), run.model().string(),
              path_exists(run.checkpoint())
                  ? "to go on: digitry train --resume --out " + shell_word(run.path.string())
                  : "there is no checkpoint to go on from");
}

}  // namespace

TrainedRun train_run(const TrainRequest& request) {
  std::optional<HeldRun> held;
  if (request.resume) held = hold_unfinished(request.out);
  const std::string source = held ? held->folder.config().string() : request.source;
  const Recipe recipe = held ? find_recipe(source) : request.recipe;
  // Read back what was resolved: flags obey the same rules as files.
  parse_recipe(to_toml(recipe), source);
  const auto data = std::make_shared<const Dataset>(load_training_data(recipe));
  Model model = untrained_model_of(recipe, source, *data);
  Trainer trainer(recipe, *data);
  std::optional<JudgedImages> images = images_to_judge(recipe, trainer.split(), model);
  if (!held) held = make_run_folder(request.out, recipe.name);
  const RunFolder& run = held->folder;
  if (request.resume && path_exists(run.checkpoint()))
    resume_training(run, trainer);
  else
    write_file_atomically(run.config(), to_toml(recipe));
  inform(fmt::format(
      "{} {} on {}: {} images, {} set aside for validation, {} parameters, "
      "{} threads",
      request.resume ? "resuming" : "training", recipe.name, recipe.data,
      grouped(std::ssize(trainer.split().train)), grouped(std::ssize(trainer.split().validation)),
      grouped(trainer.network().num_parameters()), num_threads()));

  if (request.profile) trainer.start_profile();
  TrainingEnd end = TrainingEnd::kFinished;
  try {
    end = run_training(run, recipe, request.checkpoint_seconds, trainer);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kDiverged) throw;
    throw diverged_in(run, trainer, model, error);
  }
  take_weights(model, trainer);
  calibrate(model, *data, trainer.split());
  save_model(model, run.model());
  write_file_atomically(run.history(), to_csv(trainer.history()));
  if (end == TrainingEnd::kInterrupted) throw_interrupted(run, trainer);
  if (end == TrainingEnd::kEarlyStopped)
    inform(fmt::format("stopped early: no better validation result in {} epochs", recipe.patience));
  std::optional<Judged> judged =
      finish_run(run, request.finish, std::move(images), facts_of(trainer), model,
                 {.data = data, .indices = trainer.split().train, .absence = {}});
  if (request.profile) inform(profile_text(trainer.plan()));
  // Last, so that a run whose judging failed can still be resumed.
  remove_file(run.checkpoint());
  return {.path = run.path, .judged = std::move(judged), .seconds = trainer.elapsed_seconds()};
}

}  // namespace digitry::app
