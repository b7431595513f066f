#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

#include "apps/digitry/checks.h"
#include "apps/digitry/command.h"
#include "apps/digitry/finish_run.h"
#include "apps/digitry/judged_images.h"
#include "apps/digitry/profile.h"
#include "apps/digitry/run_folder.h"
#include "apps/digitry/shared_options.h"
#include "apps/digitry/shell_word.h"
#include "apps/digitry/terminal.h"
#include "apps/digitry/training_run.h"
#include "digitry/base/error.h"
#include "digitry/base/file.h"
#include "digitry/base/limits.h"
#include "digitry/base/parallel.h"
#include "digitry/base/version.h"
#include "digitry/data/known_datasets.h"
#include "digitry/report/text.h"
#include "digitry/training/trainer.h"

namespace digitry::app {
namespace {

struct TrainOptions {
  std::string recipe = "mlp";
  std::string out;
  bool resume = false;
  bool no_report = false;
  bool json = false;
  int threads = 0;
  double checkpoint_seconds = 10;
  // Override the recipe where given.
  std::optional<std::string> data;
  std::optional<std::int64_t> epochs;
  std::optional<std::int64_t> batch_size;
  std::optional<std::int64_t> patience;
  std::optional<std::int64_t> seed;
  std::optional<double> learning_rate;
  std::optional<double> validation;
  std::optional<std::string> precision;
  bool profile = false;
};

// A path that holds wherever --resume, evaluate and report are called from.
std::string lasting_path(const std::string& data) {
  std::error_code error;
  if (find_known_dataset(data) != nullptr || data == "-") return data;
  const std::filesystem::path path = std::filesystem::absolute(data, error);
  return error ? data : path.lexically_normal().string();
}

// The recipe with the flags in it, checked as if a file had said so.
Recipe resolved_recipe(const TrainOptions& options) {
  Recipe recipe = find_recipe(options.recipe);
  recipe.data = lasting_path(options.data.value_or(recipe.data));
  if (clean_utf8(recipe.data) != recipe.data)
    throw Error(ErrorCode::kInvalidArgument,
                "--data: want a path in UTF-8, as config.toml has to be, found '{}'",
                clean_utf8(recipe.data));
  if (options.epochs) recipe.epochs = *options.epochs;
  if (options.batch_size) recipe.batch_size = *options.batch_size;
  if (options.patience) recipe.patience = *options.patience;
  if (options.seed) recipe.seed = static_cast<std::uint64_t>(*options.seed);
  if (options.validation) recipe.validation = *options.validation;
  if (options.precision) recipe.precision = *options.precision;
  if (options.learning_rate) recipe.optimizer["learning_rate"] = *options.learning_rate;
  return recipe;
}

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

void train(const TrainOptions& options) {
  set_num_threads(options.threads);
  std::optional<HeldRun> held;
  if (options.resume) held = hold_unfinished(options.out);
  const std::string source = held ? held->folder.config().string() : options.recipe;
  const Recipe recipe = held ? find_recipe(source) : resolved_recipe(options);
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
  if (!held) held = make_run_folder(options.out, recipe.name);
  const RunFolder& run = held->folder;
  if (options.resume && path_exists(run.checkpoint()))
    resume_training(run, trainer);
  else
    write_file_atomically(run.config(), to_toml(recipe));
  inform(fmt::format(
      "{} {} on {}: {} images, {} set aside for validation, {} parameters, "
      "{} threads",
      options.resume ? "resuming" : "training", recipe.name, recipe.data,
      grouped(std::ssize(trainer.split().train)), grouped(std::ssize(trainer.split().validation)),
      grouped(trainer.network().num_parameters()), num_threads()));

  if (options.profile) trainer.start_profile();
  TrainingEnd end = TrainingEnd::kFinished;
  try {
    end = run_training(run, recipe, options.checkpoint_seconds, trainer);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kDiverged) throw;
    throw diverged_in(run, trainer, model, error);
  }
  take_over(trainer, model);
  save_model(model, run.model());
  write_file_atomically(run.history(), to_csv(trainer.history()));
  if (end == TrainingEnd::kInterrupted) throw_interrupted(run, trainer);
  if (end == TrainingEnd::kEarlyStopped)
    inform(fmt::format("stopped early: no better validation result in {} epochs", recipe.patience));
  finish_run(run, {.json = options.json, .report = !options.no_report}, std::move(images), trainer,
             model);
  if (options.profile) inform(profile_text(trainer.plan()));
  // Last, so that a run whose judging failed can still be resumed.
  remove_file(run.checkpoint());
}

}  // namespace

void add_train_command(CLI::App& app) {
  CLI::App* command =
      app.add_subcommand("train", "Train a network, judge it on the test images, write a report");
  const auto options = std::make_shared<TrainOptions>();
  CLI::Option* recipe =
      command->add_option("--recipe", options->recipe, "A shipped recipe or a TOML file [mlp]");
  recipe->type_name(fmt::format("{{{}}}|FILE", fmt::join(recipe_names(), ",")));
  command->add_option("--out", options->out, "Folder of the run [runs/<recipe>-<number>]")
      ->type_name("DIR")
      ->check(not_empty());
  CLI::Option* resume =
      command->add_flag("--resume", options->resume, "Go on with the interrupted run in --out");
  const auto overriding = [&](CLI::Option* option) { option->excludes(resume); };
  constexpr std::int64_t kMany = std::numeric_limits<std::int64_t>::max();
  overriding(recipe);
  overriding(command->add_option("--data", options->data, "What to train on [the recipe's, mnist]")
                 ->type_name(kDataType));
  overriding(command->add_option("--epochs", options->epochs, "Passes over the training images")
                 ->check(CLI::Range(std::int64_t{1}, std::int64_t{1'000'000})));
  overriding(command->add_option("--batch-size", options->batch_size, "Images a step")
                 ->check(CLI::Range(std::int64_t{1}, kMaxBatchSize)));
  overriding(command
                 ->add_option("--learning-rate", options->learning_rate,
                              "The optimizer's rate; a schedule scales it")
                 ->check(number_in(0.0, 1000.0)));
  overriding(command
                 ->add_option("--validation", options->validation,
                              "Fraction of the training images set aside; 0 for none")
                 ->check(number_in(0.0, 0.9)));
  overriding(command
                 ->add_option("--patience", options->patience,
                              "Stop after so many epochs without a better validation result; "
                              "0: never")
                 ->check(CLI::Range(std::int64_t{0}, std::int64_t{1'000'000})));
  overriding(command
                 ->add_option("--seed", options->seed,
                              "Of initial weights, shuffling, dropout, augmentation, split [0]")
                 ->check(CLI::Range(std::int64_t{0}, kMany)));
  overriding(command
                 ->add_option("--precision", options->precision,
                              "Of products: bf16 is faster where the processor has it (auto)")
                 ->check(CLI::IsMember({"auto", "f32", "bf16"})));
  command->add_flag("--profile", options->profile,
                    "Tell where the time of a step went: layer, kernel, GFLOP/s");
  command
      ->add_option("--checkpoint-every", options->checkpoint_seconds,
                   "Seconds between checkpoints, for --resume after a crash [10]")
      ->check(number_in(0.0, 1e6));
  add_threads_option(*command, options->threads);
  command->add_flag("--no-report", options->no_report, "Write no report.html and no figures");
  command->add_flag("--json", options->json, "Print the metrics as JSON");
  command->footer(
      "Examples:\n"
      "  digitry train                                  # the mlp recipe on MNIST\n"
      "  digitry train --recipe notebook --epochs 5 --seed 1\n"
      "  digitry train --data my-digits/ --out runs/mine\n"
      "  digitry train --resume --out runs/mine         # after Ctrl-C or a crash\n"
      "\n"
      "Ctrl-C stops after the running step and keeps what was learnt; a training that diverges\n"
      "keeps its best epoch. A report that cannot be written is a warning only; digitry report\n"
      "writes it afterwards. docs/recipes.md lists every key of a recipe.");
  command->callback([options, command] {
    if (options->resume && options->out.empty())
      throw Error(ErrorCode::kInvalidArgument, "--resume needs --out RUN: which run to go on with");
    train(*options);
  });
}

}  // namespace digitry::app
