#include "apps/digitry/train_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <span>
#include <system_error>
#include <utility>

#include "apps/digitry/judged_images.h"
#include "apps/digitry/profile.h"
#include "apps/digitry/run_folder.h"
#include "apps/digitry/shell_word.h"
#include "apps/digitry/terminal.h"
#include "apps/digitry/training_run.h"
#include "digitry/base/error.h"
#include "digitry/base/file.h"
#include "digitry/base/parallel.h"
#include "digitry/base/version.h"
#include "digitry/evaluation/calibration.h"
#include "digitry/evaluation/recognizer.h"
#include "digitry/nn/predictor.h"
#include "digitry/report/text.h"
#include "digitry/training/trainer.h"

namespace digitry::app {
namespace {

// Layers that do not fit each other or the images: `source` says which recipe has them.
Network untrained_network(const Recipe& recipe, const std::string& source,
                          const Dataset& data) try {
  return {data.image_shape(), data.num_classes(), recipe.layers};
} catch (const Error& error) {
  throw Error(ErrorCode::kBadData, "{}: {}", source, error.what());
}

// All of the model but what it learns.
Model untrained_model(const Recipe& recipe, Network network, const Dataset& data) {
  return {.network = std::move(network),
          .preprocessing = {},
          .class_names = data.class_names,
          .provenance = {{"digitry_version", std::string(version())},
                         {"recipe_name", recipe.name},
                         {"recipe", to_toml(recipe)},
                         {"seed", fmt::format("{}", recipe.seed)},
                         {"data", data.name},
                         {"data_sha256", data.sha256}}};
}

void take_over(const Trainer& trainer, Model& model) {
  model.network.set_parameters(copy_of(trainer.network().parameters()));
  model.provenance["epochs"] = fmt::format("{}", trainer.history().epochs.size());
  model.provenance["best_epoch"] = fmt::format("{}", trainer.history().best_epoch);
}

// Images to fit a threshold on: so many that its place among their scores is sure enough.
constexpr std::int64_t kScoredImages = 2000;

Tensor first_images(const Dataset& data, std::span<const std::int32_t> indices) {
  const Shape shape = data.image_shape();
  const auto size = static_cast<std::size_t>(shape.num_elements());
  Tensor images(shape.with_batch(std::ssize(indices)), DType::kU8);
  std::byte* to = images.data();
  for (const std::int32_t i : indices) {
    std::memcpy(to, data.images.data() + static_cast<std::size_t>(i) * size, size);
    to += size;
  }
  return images;
}

// The model's own default without validation images.
void fit_refusal(Model& model, const Dataset& data, std::span<const std::int32_t> validation) {
  if (validation.empty()) return;
  const auto count = std::min<std::size_t>(validation.size(), kScoredImages);
  Recognizer recognizer(model.network, model.preprocessing, model.temperature);
  model.refusal_threshold = static_cast<float>(fit_refusal_threshold(
      recognizer.recognize(first_images(data, validation.first(count))).scores));
}

// 1 without validation images.
float fitted_temperature(const Model& model, const Dataset& data,
                         const std::vector<std::int32_t>& validation) {
  if (validation.empty()) return 1;
  std::vector<std::int32_t> labels;
  for (const std::int32_t i : validation)
    labels.push_back(data.labels[static_cast<std::size_t>(i)]);
  Predictor predictor(model.network, model.preprocessing);
  return static_cast<float>(fit_temperature(predictor.logits(data.images, validation), labels));
}

// The same error, telling what the trainer went back to and where that is.
Error diverged_in(const RunFolder& run, const Trainer& trainer, Model& model, const Error& error) {
  const History& history = trainer.history();
  if (history.epochs.empty())
    return {error.code(), "{}; no epoch was finished, so that {} has no model", error.what(),
            run.path.string()};
  take_over(trainer, model);
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

// Training reads its data again to judge the model, and once more to go on after a crash.
void check_can_be_read_again(const std::string& data) {
  std::error_code error;
  const auto status = std::filesystem::status(data, error);
  if (data == "-" || (std::filesystem::exists(status) && !std::filesystem::is_directory(status) &&
                      !std::filesystem::is_regular_file(status)))
    throw Error(ErrorCode::kInvalidArgument,
                "data '{}': training reads its data more than once; put them into a file", data);
}

// What the trained model is to be judged on: loaded, and found to be fit for it, before the
// training and not after hours of it.
std::optional<JudgedImages> images_to_judge(const Recipe& recipe, const Trainer& trainer,
                                            const Model& model) {
  const std::string split = final_split(recipe.data);
  if (split == "test" || !trainer.split().validation.empty())
    return load_judged(recipe.data, split, model);
  warn(recipe.data + " has neither labelled test nor validation images: the model is not judged");
  return std::nullopt;
}

void throw_interrupted(const RunFolder& run, const Trainer& trainer) {
  throw Error(ErrorCode::kInterrupted, "stopped after step {}; {} holds what was learnt; {}",
              trainer.num_steps_done(), run.model().string(),
              path_exists(run.checkpoint())
                  ? "to go on: digitry train --resume --out " + shell_word(run.path.string())
                  : "there is no checkpoint to go on from");
}

HeldRun hold_unfinished(const std::string& out) {
  HeldRun run = hold_run_folder(out);
  if (run.folder.finished())
    throw Error(ErrorCode::kInvalidArgument,
                "{} is finished; look at it with digitry report, or train anew under another --out",
                out);
  return run;
}

}  // namespace

TrainedRun train_run(const TrainRequest& request) {
  std::optional<HeldRun> held;
  if (request.resume) held = hold_unfinished(request.out);
  const std::string source = held ? held->folder.config().string() : request.source;
  const Recipe recipe = held ? find_recipe(source) : request.recipe;
  // Read back what was resolved: flags obey the same rules as files.
  parse_recipe(to_toml(recipe), source);
  check_can_be_read_again(recipe.data);
  const Dataset data = load_dataset(recipe.data, Split::kTrain);
  if (!data.labelled())
    throw Error(ErrorCode::kBadData, "{}: these images have no labels; training needs them",
                recipe.data);
  Model model = untrained_model(recipe, untrained_network(recipe, source, data), data);
  Trainer trainer(recipe, data);
  std::optional<JudgedImages> images = images_to_judge(recipe, trainer, model);
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
  take_over(trainer, model);
  model.temperature = fitted_temperature(model, data, trainer.split().validation);
  fit_refusal(model, data, trainer.split().validation);
  save_model(model, run.model());
  write_file_atomically(run.history(), to_csv(trainer.history()));
  if (end == TrainingEnd::kInterrupted) throw_interrupted(run, trainer);
  if (end == TrainingEnd::kEarlyStopped)
    inform(fmt::format("stopped early: no better validation result in {} epochs", recipe.patience));
  std::optional<Judged> judged = finish_run(run, request.finish, std::move(images), trainer, model);
  if (request.profile) inform(profile_text(trainer.plan()));
  // Last, so that a run whose judging failed can still be resumed.
  remove_file(run.checkpoint());
  return {.path = run.path, .judged = std::move(judged), .seconds = trainer.elapsed_seconds()};
}

}  // namespace digitry::app
