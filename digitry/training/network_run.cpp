#include "digitry/training/network_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

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

// Adds what to do to the errors of a checkpoint in `path`.
template <typename Action>
void with_advice(const std::string& path, const Action& action) try {
  action();
} catch (const Error& error) {
  if (error.code() != ErrorCode::kBadData) throw;
  const std::string problem = error.what();
  throw Error(ErrorCode::kBadData, "{}{}; remove this file to let --resume start again",
              problem.starts_with(path) ? "" : path + ": ", problem);
}

// Continues from the checkpoint in `path` on the first rank, if there is one.
void resume(const std::string& path, Trainer& trainer, Communicator& ranks) {
  std::string bytes;
  collectively(ranks, [&] {
    if (ranks.is_first() && path_exists(path))
      with_advice(path, [&] { bytes = to_bytes(load_checkpoint(path)); });
  });
  bytes = broadcast(ranks, bytes);
  collectively(ranks, [&] {
    if (!bytes.empty()) with_advice(path, [&] { trainer.resume(parse_checkpoint(bytes, path)); });
  });
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

// On the first rank.
TrainingEnd train(const RunFolder& run, const RunRequest& request, const RunObserver& observer,
                  Trainer& trainer) {
  ProgressSaver saver(run, trainer);
  return trainer.run({.on_step = observer.on_step,
                      .on_epoch = observer.on_epoch,
                      .should_stop = observer.should_stop,
                      .save = [&](const Checkpoint& checkpoint) { saver.save(checkpoint); },
                      .checkpoint_seconds = request.checkpoint_seconds,
                      .num_threads = observer.num_threads});
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

TrainingFacts facts_of(const Trainer& trainer, int num_threads) {
  const int fewest = trainer.fewest_threads();
  return {.seconds = trainer.elapsed_seconds(),
          .num_steps = trainer.num_steps_done(),
          .num_epochs = std::ssize(trainer.history().epochs),
          .best_epoch = trainer.history().best_epoch,
          .num_train = std::ssize(trainer.split().train),
          .num_validation = std::ssize(trainer.split().validation),
          .num_threads = num_threads,
          .fewest_threads = fewest < num_threads ? std::optional(fewest) : std::nullopt};
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

// A training that may begin. Only the first rank has a folder, and data to evaluate on.
struct Preparation {
  std::shared_ptr<const Dataset> data;
  std::optional<Model> model;
  std::unique_ptr<Trainer> trainer;
  std::optional<EvaluationData> evaluated_on;
  std::optional<HeldRun> held;
};

Preparation prepare(const RunRequest& request, const Recipe& recipe, const std::string& source,
                    Communicator& ranks) {
  Preparation ready;
  collectively(ranks, [&] {
    if (ranks.is_first() && request.resume) ready.held = hold_unfinished(request.out);
    ready.data = std::make_shared<const Dataset>(load_training_data(recipe));
    ready.model = untrained_model_of(recipe, source, *ready.data);
    ready.trainer = std::make_unique<Trainer>(recipe, *ready.data, ranks);
    if (ranks.is_first())
      ready.evaluated_on = data_to_evaluate(recipe, ready.trainer->split(), *ready.model);
  });
  collectively(ranks, [&] {
    if (!ranks.is_first()) return;
    if (!ready.held) ready.held = make_run_folder(request.out, recipe.name);
    const RunFolder& run = ready.held->folder;
    if (!request.resume || !path_exists(run.checkpoint()))
      write_file_atomically(run.config(), to_toml(recipe));
  });
  if (request.resume)
    resume(ready.held ? ready.held->folder.checkpoint().string() : "", *ready.trainer, ranks);
  return ready;
}

// Trains a network on a rank that writes nothing.
void help_train(Trainer& trainer, const RunObserver& observer) {
  const TrainingEnd end = trainer.run({.should_stop = observer.should_stop});
  if (end == TrainingEnd::kInterrupted)
    throw Error(ErrorCode::kInterrupted, "stopped after step {}", trainer.num_steps_done());
}

}  // namespace

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

std::optional<EvaluationData> data_to_evaluate(const Recipe& recipe, const ValidationSplit& split,
                                               const Model& model) {
  const std::string name = final_split(recipe.data, recipe.load);
  if (name == "test" || !split.validation.empty())
    return load_evaluation_data(recipe.data, name, model);
  log(LogLevel::kWarning,
      recipe.data + " has no labelled test or validation images: the model is not evaluated");
  return std::nullopt;
}

Model untrained_model_of(const Recipe& recipe, const std::string& source, const Dataset& data) try {
  return untrained_model(recipe, data);
} catch (const Error& error) {
  throw Error(ErrorCode::kBadData, "{}: {}", source, error.what());
}

void finish_run(const RunRequest& request, TrainedRun& trained) {
  if (trained.evaluated_on) trained.evaluation = evaluate(trained.model, *trained.evaluated_on);
  if (trained.evaluation) warn_of_chance(trained);
  trained.metrics = metrics_json(trained.evaluation, trained.model, trained.facts, request.command);
  write_file_atomically(trained.held.folder.metrics(), trained.metrics);
  remove_file(trained.held.folder.checkpoint());
}

std::optional<TrainedRun> train_network(const RunRequest& request, const RunObserver& observer,
                                        const Recipe& recipe, const std::string& source,
                                        Communicator& ranks) {
  const int threads = num_threads();
  const ScopedNumThreads scope(threads);  // The observer may lower it.
  auto [data, prepared_model, prepared_trainer, evaluated_on, held] =
      prepare(request, recipe, source, ranks);
  Trainer& trainer = *prepared_trainer;
  Model& model = *prepared_model;
  if (observer.on_start) observer.on_start(trainer, held ? held->folder : RunFolder());
  if (!ranks.is_first()) {
    help_train(trainer, observer);
    return std::nullopt;
  }
  const RunFolder& run = held->folder;
  if (request.profile) trainer.start_profile();
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
                     .facts = facts_of(trainer, threads),
                     .metrics = {},
                     .evaluated_on = std::move(evaluated_on),
                     .trained_on = {.data = data, .indices = trainer.split().train, .absence = {}}};
  finish_run(request, trained);
  return trained;
}

}  // namespace digitry
