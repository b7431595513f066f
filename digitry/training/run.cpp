#include "digitry/training/run.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>
#include <vector>

#include "digitry/base/error.h"
#include "digitry/base/file.h"
#include "digitry/base/log.h"
#include "digitry/base/parallel.h"
#include "digitry/base/text.h"
#include "digitry/base/words.h"
#include "digitry/data/data_warnings.h"
#include "digitry/data/known_datasets.h"
#include "digitry/evaluation/orientation.h"
#include "digitry/model_io/safetensors.h"
#include "digitry/training/fit.h"

namespace digitry {
namespace fs = std::filesystem;
namespace {

std::string resume_command(const RunFolder& run) {
  return "digitry train --resume --out " + shell_word(run.path.string());
}

HeldRun hold_unfinished(const std::string& out) {
  HeldRun held = hold_run_folder(out);
  if (held.folder.finished())
    throw Error(ErrorCode::kInvalidArgument,
                "{} is already finished; see digitry report, or train again with another --out",
                out);
  return held;
}

// Training reads its data again to evaluate the model, and to resume.
void check_can_be_read_again(const std::string& data) {
  std::error_code error;
  const auto status = fs::status(data, error);
  if (data == "-" ||
      (fs::exists(status) && !fs::is_directory(status) && !fs::is_regular_file(status)))
    throw Error(ErrorCode::kInvalidArgument,
                "data '{}': expected a file or folder, because training reads its data more than "
                "once; save the data to a file",
                data);
}

Dataset load_training_data(const Recipe& recipe) {
  check_can_be_read_again(recipe.data);
  Dataset data = load_training_data(recipe.data, recipe.load);
  if (!data.labelled())
    throw Error(ErrorCode::kBadData, "{}: expected labelled images, found images without labels{}",
                recipe.data,
                data.sources.empty() ? ""
                                     : "; put them into one folder per class, or use --label-from "
                                       "name if their names begin with the class");
  for (const std::string& note : data.notes) log(LogLevel::kInfo, note);
  for (const std::string& warning : label_warnings(data)) log(LogLevel::kWarning, warning);
  if (find_known_dataset(recipe.data) == nullptr)
    if (const auto warning = orientation_warning(Classifier(shipped_model("tiny")), data);
        !warning.empty())
      log(LogLevel::kWarning, warning);
  return data;
}

// Loaded and checked before the training, not after hours of it.
std::optional<EvaluationData> data_to_evaluate(const Recipe& recipe, const ValidationSplit& split,
                                               const Model& model) {
  const std::string name = final_split(recipe.data, recipe.load);
  if (name == "test" || !split.validation.empty())
    return load_evaluation_data(recipe.data, name, model);
  log(LogLevel::kWarning,
      recipe.data + " has no labelled test or validation images: the model is not evaluated");
  return std::nullopt;
}

// Adds `source`, the origin of the recipe, to the errors of layers that do not fit.
Model untrained_model_of(const Recipe& recipe, const std::string& source, const Dataset& data) try {
  return untrained_model(recipe, data);
} catch (const Error& error) {
  throw Error(ErrorCode::kBadData, "{}: {}", source, error.what());
}

void resume(const RunFolder& run, Trainer& trainer) try {
  trainer.resume(load_checkpoint(run.checkpoint()));
} catch (const Error& error) {
  if (error.code() != ErrorCode::kBadData) throw;
  const std::string path = run.checkpoint().string();
  const std::string problem = error.what();
  throw Error(ErrorCode::kBadData, "{}{}; remove this file to let --resume start again",
              problem.starts_with(path) ? "" : path + ": ", problem);
}

// Saves the state of a training. A file that cannot be written only causes a warning, because a
// failed checkpoint must not end the training.
class ProgressSaver {
 public:
  ProgressSaver(const RunFolder& run, const Trainer& trainer) : run_(run), trainer_(trainer) {}

  void save(const Checkpoint& checkpoint) try {
    save_checkpoint(checkpoint, run_.checkpoint());
    write_file_atomically(run_.history(), to_csv(trainer_.history()));
    warned_ = false;
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kIo) throw;
    if (!warned_)
      log(LogLevel::kWarning,
          fmt::format("could not save the checkpoint, will try again later: {}", error.what()));
    warned_ = true;
  }

 private:
  const RunFolder& run_;
  const Trainer& trainer_;
  bool warned_ = false;
};

TrainingEnd train(const RunFolder& run, const RunRequest& request, const RunObserver& observer,
                  Trainer& trainer) {
  ProgressSaver saver(run, trainer);
  return trainer.run({.on_step = observer.on_step,
                      .on_epoch = observer.on_epoch,
                      .should_stop = observer.should_stop,
                      .save = [&](const Checkpoint& checkpoint) { saver.save(checkpoint); },
                      .checkpoint_seconds = request.checkpoint_seconds});
}

// The same error, with the state that the trainer returned to and the files that contain it.
Error diverged_in(const RunFolder& run, const Trainer& trainer, Model& model, const Error& error) {
  const History& history = trainer.history();
  if (history.epochs.empty())
    return {error.code(), "{}; no epoch was finished, so {} contains no model", error.what(),
            run.path.string()};
  take_weights(model, trainer);
  save_model(model, run.model());
  const std::int64_t last = std::ssize(history.epochs);
  return {error.code(),
          "{}; {} contains the weights of epoch {}, and {} the state after epoch {}",
          error.what(),
          run.model().string(),
          history.best_epoch == 0 ? last : history.best_epoch,
          run.checkpoint().string(),
          last};
}

void throw_interrupted(const RunFolder& run, const Trainer& trainer) {
  throw Error(ErrorCode::kInterrupted, "stopped after step {}; {} contains the model so far; {}",
              trainer.num_steps_done(), run.model().string(),
              path_exists(run.checkpoint()) ? "to continue: " + resume_command(run)
                                            : "there is no checkpoint to continue from");
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

// An accuracy that guessing the most frequent class would reach, too, has a cause outside of the
// network.
void warn_of_chance(const TrainedRun& trained) {
  constexpr double kMargin = 0.05;
  std::int64_t most = 0;
  for (const ClassMetrics& metrics : trained.evaluation->evaluation.per_class)
    most = std::max(most, metrics.support);
  const Evaluation& evaluation = trained.evaluation->evaluation;
  const double chance = static_cast<double>(most) / static_cast<double>(evaluation.num_images);
  if (evaluation.accuracy > chance + kMargin || chance > 1 - 2 * kMargin) return;
  log(LogLevel::kWarning,
      fmt::format(
          "the accuracy of {} % is that of a guess ({} %). Likely causes: the labels do not "
          "belong to the images, the images are blank (digitry data info shows some), the "
          "learning rate is too high, or there were too few epochs",
          percent_number(evaluation.accuracy, 1), percent_number(chance, 1)));
}

// Evaluates, writes metrics.json and removes the checkpoint. The run is then finished.
void finish(const RunRequest& request, TrainedRun& trained) {
  if (trained.evaluated_on) trained.evaluation = evaluate(trained.model, *trained.evaluated_on);
  if (trained.evaluation) warn_of_chance(trained);
  trained.metrics = metrics_json(trained.evaluation, trained.model, trained.facts, request.command);
  write_file_atomically(trained.held.folder.metrics(), trained.metrics);
  remove_file(trained.held.folder.checkpoint());
}

// The recipe of a new or resumed request, checked like a recipe file.
Recipe recipe_of(const RunRequest& request, std::string& source) {
  source = request.resume ? open_run_folder(request.out).config().string() : request.source;
  Recipe recipe = request.resume ? find_recipe(source) : request.recipe;
  parse_recipe(to_toml(recipe), source);
  return recipe;
}

TrainedRun train_network(const RunRequest& request, const RunObserver& observer,
                         const Recipe& recipe, const std::string& source) {
  std::optional<HeldRun> held;
  if (request.resume) held = hold_unfinished(request.out);
  const auto data = std::make_shared<const Dataset>(load_training_data(recipe));
  Model model = untrained_model_of(recipe, source, *data);
  Trainer trainer(recipe, *data);
  std::optional<EvaluationData> evaluated_on = data_to_evaluate(recipe, trainer.split(), model);
  if (!held) held = make_run_folder(request.out, recipe.name);
  const RunFolder& run = held->folder;
  if (request.resume && path_exists(run.checkpoint()))
    resume(run, trainer);
  else
    write_file_atomically(run.config(), to_toml(recipe));
  if (request.profile) trainer.start_profile();
  if (observer.on_start) observer.on_start(trainer, run);
  TrainingEnd end = TrainingEnd::kFinished;
  try {
    end = train(run, request, observer, trainer);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kDiverged) throw;
    throw diverged_in(run, trainer, model, error);
  }
  if (observer.on_trained) observer.on_trained(trainer, end);
  take_weights(model, trainer);
  calibrate(model, trainer.examples(), trainer.split());
  save_model(model, run.model());
  write_file_atomically(run.history(), to_csv(trainer.history()));
  if (end == TrainingEnd::kInterrupted) throw_interrupted(run, trainer);
  TrainedRun trained{.held = *std::move(held),
                     .recipe = recipe,
                     .model = std::move(model),
                     .history = trainer.history(),
                     .facts = facts_of(trainer),
                     .metrics = {},
                     .evaluated_on = std::move(evaluated_on),
                     .trained_on = {.data = data, .indices = trainer.split().train, .absence = {}}};
  finish(request, trained);
  return trained;
}

struct Members {
  std::vector<Model> models;
  std::vector<std::string> names;
};

// Trains all networks that are not yet trained. Adds their time and steps to `facts`.
Members train_members(const RunRequest& request, const RunObserver& observer, const Recipe& recipe,
                      const RunFolder& run, TrainingFacts& facts) {
  Members members;
  for (std::int64_t i = 0; i < recipe.members; ++i) {
    const RunFolder folder{run.path / "members" / fmt::format("{}", i)};
    if (observer.on_member) observer.on_member(i, recipe.members);
    members.names.push_back(folder.path.string());
    if (path_exists(folder.config()) && folder.finished()) {
      const RunMetrics metrics = read_run_metrics(folder);
      members.models.push_back(load_model(folder.model()));
      facts.seconds += metrics.seconds;
      facts.num_steps += metrics.num_steps;
      continue;
    }
    RunRequest one = request;
    one.out = folder.path.string();
    one.resume = path_exists(folder.config());
    try {
      TrainedRun trained = train_network(one, observer, member_recipe(recipe, i), request.source);
      members.models.push_back(std::move(trained.model));
      facts.seconds += trained.facts.seconds;
      facts.num_steps += trained.facts.num_steps;
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kInterrupted) throw;
      throw Error(ErrorCode::kInterrupted, "stopped after {} of {} networks; to continue: {}", i,
                  recipe.members, resume_command(run));
    }
  }
  return members;
}

TrainedRun train_networks(const RunRequest& request, const RunObserver& observer,
                          const Recipe& recipe, const std::string& source) {
  const auto data = std::make_shared<const Dataset>(load_training_data(recipe));
  Model model = untrained_model_of(recipe, source, *data);
  const ValidationSplit split = split_by(recipe, *data);
  HeldRun held =
      request.resume ? hold_unfinished(request.out) : make_run_folder(request.out, recipe.name);
  if (!request.resume) write_file_atomically(held.folder.config(), to_toml(recipe));
  TrainingFacts facts{.num_epochs = recipe.epochs,
                      .num_train = std::ssize(split.train),
                      .num_validation = std::ssize(split.validation),
                      .num_threads = num_threads(),
                      .num_networks = recipe.members};
  Members members = train_members(request, observer, recipe, held.folder, facts);
  Model combined = combine(std::move(members.models), members.names);
  combined.provenance = std::move(model.provenance);
  combined.tta = model.tta;
  calibrate(combined, *data, split);
  save_model(combined, held.folder.model());
  TrainedRun trained{.held = std::move(held),
                     .recipe = recipe,
                     .model = std::move(combined),
                     .history = {},
                     .facts = facts,
                     .metrics = {},
                     .evaluated_on = {},
                     .trained_on = {.data = data, .indices = split.train, .absence = {}}};
  trained.evaluated_on = data_to_evaluate(recipe, split, trained.model);
  finish(request, trained);
  return trained;
}

}  // namespace

TrainedRun train_run(const RunRequest& request, const RunObserver& observer) {
  std::string source;
  const Recipe recipe = recipe_of(request, source);
  return recipe.members == 1 ? train_network(request, observer, recipe, source)
                             : train_networks(request, observer, recipe, source);
}

}  // namespace digitry
