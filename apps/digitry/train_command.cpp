#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <limits>
#include <memory>
#include <optional>

#include "apps/digitry/command.h"
#include "apps/digitry/interrupt.h"
#include "apps/digitry/judge.h"
#include "apps/digitry/profile.h"
#include "apps/digitry/run_folder.h"
#include "apps/digitry/run_report.h"
#include "apps/digitry/shared_options.h"
#include "apps/digitry/terminal.h"
#include "digitry/base/error.h"
#include "digitry/base/file.h"
#include "digitry/base/limits.h"
#include "digitry/base/parallel.h"
#include "digitry/base/version.h"
#include "digitry/model_io/checkpoint.h"
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

// The recipe with the flags in it, checked as if a file had said so.
Recipe resolved_recipe(const TrainOptions& options) {
  Recipe recipe = find_recipe(options.recipe);
  if (options.data) recipe.data = *options.data;
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

std::string epoch_line(const EpochRecord& epoch, std::int64_t num_epochs, bool best) {
  std::string line = fmt::format("epoch {}/{}  loss {:.4f}  accuracy {:.2f} %", epoch.epoch,
                                 num_epochs, epoch.loss, 100 * epoch.accuracy);
  if (epoch.val_accuracy)
    line += fmt::format("  val_loss {:.4f}  val_accuracy {:.2f} %{}", *epoch.val_loss,
                        100 * *epoch.val_accuracy, best ? " (best)" : "");
  return line +
         fmt::format("  {} images/s", grouped(static_cast<std::int64_t>(epoch.images_per_second)));
}

Model trained_model(const Recipe& recipe, const Dataset& data, const Trainer& trainer) {
  Model model{.network = Network(data.image_shape(), data.num_classes(), recipe.layers),
              .preprocessing = {},
              .class_names = data.class_names,
              .provenance = {{"digitry_version", std::string(version())},
                             {"recipe_name", recipe.name},
                             {"recipe", to_toml(recipe)},
                             {"seed", fmt::format("{}", recipe.seed)},
                             {"data", data.name},
                             {"data_sha256", data.sha256},
                             {"epochs", fmt::format("{}", trainer.history().epochs.size())},
                             {"best_epoch", fmt::format("{}", trainer.history().best_epoch)}}};
  model.network.set_parameters(copy_of(trainer.network().parameters()));
  return model;
}

void save_progress(const RunFolder& run, const Trainer& trainer, const Checkpoint& checkpoint) {
  write_file_atomically(run.history(), to_csv(trainer.history()));
  save_checkpoint(checkpoint, run.checkpoint());
}

TrainingEnd run_training(const RunFolder& run, const Recipe& recipe, double checkpoint_seconds,
                         Trainer& trainer) {
  const InterruptGuard interrupt;
  ProgressBar bar("images");
  const std::int64_t num_train = std::ssize(trainer.split().train);
  TrainingObserver observer;
  observer.checkpoint_seconds = checkpoint_seconds;
  observer.on_step = [&](const TrainingProgress& p) {
    const std::int64_t in_epoch =
        std::min(num_train, p.step_in_epoch * trainer.plan().batch_size());
    bar.update("training", static_cast<std::uint64_t>((p.epoch - 1) * num_train + in_epoch),
               static_cast<std::uint64_t>(p.num_epochs * num_train),
               fmt::format("epoch {}/{}, loss {:.4f}, accuracy {:.2f} %", p.epoch, p.num_epochs,
                           p.loss, 100 * p.accuracy));
  };
  observer.on_epoch = [&](const EpochRecord& epoch, bool best) {
    inform(epoch_line(epoch, recipe.epochs, best));
  };
  observer.should_stop = [&] { return interrupt.requested(); };
  observer.save = [&](const Checkpoint& checkpoint) { save_progress(run, trainer, checkpoint); };
  return trainer.run(observer);
}

// The same error, telling what the trainer went back to and where that is.
Error diverged_in(const RunFolder& run, const Recipe& recipe, const Dataset& data,
                  const Trainer& trainer, const Error& error) {
  const History& history = trainer.history();
  if (history.epochs.empty())
    return {error.code(), "{}; no epoch was finished, so that {} has no model", error.what(),
            run.path.string()};
  save_model(trained_model(recipe, data, trainer), run.model());
  const std::int64_t last = std::ssize(history.epochs);
  return {error.code(),
          "{}; {} holds the weights of epoch {}, {} the state after epoch {}",
          error.what(),
          run.model().string(),
          history.best_epoch == 0 ? last : history.best_epoch,
          run.checkpoint().string(),
          last};
}

void print_summary(const RunFolder& run, const std::optional<Judged>& judged,
                   const Trainer& trainer) {
  const auto row = [](const std::string& name, const std::string& value) {
    fmt::print("{:<20}{}\n", name, value);
  };
  if (judged) {
    row(judged->split + " accuracy", accuracy_text(judged->evaluation));
    row(judged->split + " loss", fmt::format("{:.4f}", judged->evaluation.loss));
  }
  row("training", fmt::format("{}, {} epochs{}", human_duration(trainer.elapsed_seconds()),
                              trainer.history().epochs.size(),
                              trainer.history().best_epoch == 0
                                  ? ""
                                  : fmt::format(", epoch {} kept (best on validation)",
                                                trainer.history().best_epoch)));
  row("model", run.model().string());
  if (path_exists(run.report())) row("report", run.report().string());
}

void write_report_if_possible(const RunFolder& run, const Model& model,
                              const Evaluation& evaluation, Dataset judged) {
  try {
    write_report(run, model, evaluation, std::move(judged));
  } catch (const Error& error) {
    // The model is trained and judged; only its picture book is missing.
    if (error.code() != ErrorCode::kUnavailable) throw;
    warn(fmt::format("no report: {}; afterwards: digitry report {}", error.what(),
                     run.path.string()));
  }
}

// Judges the finished model on `split`, none where that is empty; writes metrics, figures, report.
void finish_run(const RunFolder& run, const TrainOptions& options, const std::string& split,
                const Recipe& recipe, const Trainer& trainer, const Model& model) {
  std::optional<JudgedImages> images;
  std::optional<Judged> judged;
  if (!split.empty()) {
    images = load_judged(recipe.data, split, model);
    judged = judge(model, *images);
  }
  const std::string metrics =
      metrics_json(judged, model,
                   {.seconds = trainer.elapsed_seconds(),
                    .num_steps = trainer.num_steps_done(),
                    .num_epochs = std::ssize(trainer.history().epochs),
                    .best_epoch = trainer.history().best_epoch,
                    .num_train = std::ssize(trainer.split().train),
                    .num_validation = std::ssize(trainer.split().validation),
                    .num_threads = num_threads()});
  write_file_atomically(run.metrics(), metrics);
  if (judged && !options.no_report)
    write_report_if_possible(run, model, judged->evaluation, std::move(images->data));
  if (options.json)
    fmt::print("{}", metrics);
  else
    print_summary(run, judged, trainer);
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

// The split to judge the trained model on, empty for none: told before the training, not after.
std::string split_to_judge(const Recipe& recipe, const Trainer& trainer) {
  std::string split = final_split(recipe.data);
  if (split == "test" || !trainer.split().validation.empty()) return split;
  warn(recipe.data + " has neither labelled test nor validation images: the model is not judged");
  return "";
}

void train(const TrainOptions& options) {
  set_num_threads(options.threads);
  const Recipe recipe = options.resume ? find_recipe(open_run_folder(options.out).config().string())
                                       : resolved_recipe(options);
  // Read back what was resolved: flags obey the same rules as files.
  parse_recipe(to_toml(recipe), options.resume ? options.out : "recipe");
  check_can_be_read_again(recipe.data);
  const Dataset data = load_dataset(recipe.data, Split::kTrain);
  Trainer trainer(recipe, data);
  const std::string split = split_to_judge(recipe, trainer);
  const RunFolder run =
      options.resume ? open_run_folder(options.out) : make_run_folder(options.out, recipe.name);
  if (options.resume && run.finished())
    throw Error(ErrorCode::kInvalidArgument,
                "{} is finished; look at it with digitry report, or train anew under another --out",
                options.out);
  if (options.resume && path_exists(run.checkpoint()))
    trainer.resume(load_checkpoint(run.checkpoint()));
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
    throw diverged_in(run, recipe, data, trainer, error);
  }
  write_file_atomically(run.history(), to_csv(trainer.history()));
  const Model model = trained_model(recipe, data, trainer);
  save_model(model, run.model());
  if (end == TrainingEnd::kInterrupted)
    throw Error(ErrorCode::kInterrupted,
                "stopped after step {}; {} holds what was learnt; to go on: "
                "digitry train --resume --out {}",
                trainer.num_steps_done(), run.model().string(), run.path.string());
  if (end == TrainingEnd::kEarlyStopped)
    inform(fmt::format("stopped early: no better validation result in {} epochs", recipe.patience));
  finish_run(run, options, split, recipe, trainer, model);
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
      ->type_name("DIR");
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
                 ->check(CLI::Range(0.0, 1000.0)));
  overriding(command
                 ->add_option("--validation", options->validation,
                              "Fraction of the training images set aside; 0 for none")
                 ->check(CLI::Range(0.0, 0.9)));
  overriding(command
                 ->add_option("--patience", options->patience,
                              "Stop after so many epochs without a better validation result; "
                              "0: never")
                 ->check(CLI::Range(std::int64_t{0}, std::int64_t{1'000'000})));
  overriding(command
                 ->add_option("--seed", options->seed,
                              "Of initial weights, shuffling, dropout, validation split [0]")
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
      ->check(CLI::Range(0.0, 1e6));
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
      "keeps its best epoch. docs/recipes.md lists every key of a recipe.");
  command->callback([options, command] {
    if (options->resume && options->out.empty())
      throw Error(ErrorCode::kInvalidArgument, "--resume needs --out RUN: which run to go on with");
    train(*options);
  });
}

}  // namespace digitry::app
