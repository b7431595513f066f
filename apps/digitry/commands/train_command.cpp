#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

#include "apps/digitry/commands/commands.h"
#include "apps/digitry/commands/ranks.h"
#include "apps/digitry/commands/side_by_side.h"
#include "apps/digitry/commands/train_run.h"
#include "apps/digitry/commands/train_seeds.h"
#include "apps/digitry/terminal/options.h"
#include "apps/digitry/terminal/terminal.h"
#include "digitry/base/error.h"
#include "digitry/base/file.h"
#include "digitry/base/limits.h"
#include "digitry/base/parallel.h"
#include "digitry/base/text.h"
#include "digitry/data/known_datasets.h"

namespace digitry::app {
namespace {

struct TrainOptions {
  std::string recipe = "mlp";
  std::string out;
  bool resume = false;
  bool no_report = false;
  bool json = false;
  int threads = 0;
  SideBySide side_by_side;
  // These override the recipe if given.
  std::optional<std::string> data;
  std::optional<std::string> image_size;
  std::optional<std::string> label_from;
  std::optional<std::string> channels;
  std::optional<std::int64_t> epochs;
  std::optional<std::int64_t> batch_size;
  std::optional<std::int64_t> patience;
  std::optional<std::int64_t> seed;
  std::string seeds;
  std::optional<double> learning_rate;
  std::optional<double> validation;
  std::optional<std::string> precision;
  std::optional<std::string> tensorboard;
  bool profile = false;
};

// An absolute path, so that --resume, evaluate and report work from any folder.
std::string lasting_path(const std::string& data) {
  std::error_code error;
  if (find_known_dataset(data) != nullptr || data == "-") return data;
  const std::filesystem::path path = std::filesystem::absolute(data, error);
  return error ? data : path.lexically_normal().string();
}

// The recipe with the values of the flags.
Recipe resolved_recipe(const TrainOptions& options) {
  Recipe recipe = find_recipe(options.recipe);
  recipe.data = lasting_path(options.data.value_or(recipe.data));
  if (clean_utf8(recipe.data) != recipe.data)
    throw Error(ErrorCode::kInvalidArgument,
                "--data: expected a path in UTF-8, because config.toml must be UTF-8, found '{}'",
                clean_utf8(recipe.data));
  if (options.image_size)
    recipe.load.image_size = parse_image_size(*options.image_size, "--image-size");
  if (options.label_from) recipe.load.label_from = parse_label_from(*options.label_from);
  if (options.channels) recipe.load.channels = parse_channels(*options.channels);
  if (options.epochs) recipe.epochs = *options.epochs;
  if (options.batch_size) recipe.batch_size = *options.batch_size;
  if (options.patience) recipe.patience = *options.patience;
  if (options.seed) recipe.seed = static_cast<std::uint64_t>(*options.seed);
  if (options.validation) recipe.validation = *options.validation;
  if (options.precision) recipe.precision = *options.precision;
  if (options.learning_rate) learning_rate(recipe.optimizer) = *options.learning_rate;
  return recipe;
}

// Trains by one process, or several on this machine.
void train_here(const TrainOptions& options, RunRequest request, const TrainOutput& output) {
  TrainFolders elsewhere;
  if (options.side_by_side.jobs > 1)
    elsewhere = [&](const std::vector<std::filesystem::path>& folders) {
      train_by_processes(folders, options.side_by_side, output);
    };
  if (!options.seeds.empty())
    return train_seeds(std::move(request), output, parse_seeds(options.seeds), elsewhere);
  request.train_members = std::move(elsewhere);
  train_and_report(request, output, one_rank());
}

// Whether there are several trainings, of which each group of ranks takes some. Only the first rank
// knows the recipe of a run to resume.
bool has_several_trainings(const TrainOptions& options, const RunRequest& request,
                           Communicator& ranks) {
  bool several = false;
  collectively(ranks, [&] {
    if (!ranks.is_first()) return;
    several = !options.seeds.empty() ||
              (request.resume ? find_recipe(open_run_folder(request.out).config().string())
                              : request.recipe)
                      .members > 1;
  });
  return broadcast(ranks, several ? "several" : "") == "several";
}

// Trains by the processes of mpirun.
void train_by_ranks(const TrainOptions& options, RunRequest request, const TrainOutput& output,
                    MpiCommunicator& ranks) {
  inform(describe_ranks(ranks));
  share_threads(ranks, options.threads);
  if (!has_several_trainings(options, request, ranks)) {
    train_and_report(request, output, ranks);
    return;
  }
  RankGroups groups(ranks, options.side_by_side);
  if (!ranks.is_first()) return groups.help();
  const auto train = [&](const TrainOutput& of_each) -> TrainFolders {
    return [&groups, of_each](const std::vector<std::filesystem::path>& folders) {
      groups.train(folders, of_each);
    };
  };
  if (!options.seeds.empty())
    return train_seeds(std::move(request), output, parse_seeds(options.seeds), train(output));
  request.train_members = train({.report = false, .tensorboard = output.tensorboard});
  train_and_report(request, output, one_rank());
}

void train(const TrainOptions& options) {
  set_num_threads(options.threads);
  RunRequest request{.recipe = {},
                     .source = options.recipe,
                     .out = options.out,
                     .resume = options.resume,
                     .checkpoint_seconds = options.side_by_side.checkpoint_seconds,
                     .profile = options.profile,
                     .command = command_line()};
  const TrainOutput output{
      .json = options.json,
      .report = !options.no_report,
      .tensorboard = options.tensorboard,
      // A number that somebody asked for is kept.
      .spare_processors = options.threads == 0 && std::getenv("OMP_NUM_THREADS") == nullptr};
  with_mpi([&](MpiCommunicator* ranks) {
    const auto resolve = [&] {
      if (!options.resume) request.recipe = resolved_recipe(options);
    };
    if (ranks == nullptr) {
      resolve();
      return train_here(options, request, output);
    }
    collectively(*ranks, resolve);
    train_by_ranks(options, request, output, *ranks);
  });
}

}  // namespace

void add_train_command(CLI::App& app) {
  CLI::App* command =
      app.add_subcommand("train", "Train a model, evaluate it on the test images, write a report");
  const auto options = std::make_shared<TrainOptions>();
  CLI::Option* recipe =
      command->add_option("--recipe", options->recipe, "A shipped recipe or a TOML file [mlp]");
  recipe->type_name(fmt::format("{{{}}}|FILE", fmt::join(recipe_names(), ",")));
  command->add_option("--out", options->out, "Folder of the run [runs/<recipe>-<number>]")
      ->type_name("DIR")
      ->check(not_empty());
  CLI::Option* resume =
      command->add_flag("--resume", options->resume, "Resume the interrupted run in --out");
  const auto overriding = [&](CLI::Option* option) { option->excludes(resume); };
  constexpr std::int64_t kMany = std::numeric_limits<std::int64_t>::max();
  overriding(recipe);
  overriding(
      command
          ->add_option("--data", options->data, "The data to train on [those of the recipe, mnist]")
          ->type_name(kDataType));
  overriding(add_image_size_option(*command, options->image_size));
  overriding(add_label_from_option(*command, options->label_from));
  overriding(add_channels_option(*command, options->channels));
  overriding(command->add_option("--epochs", options->epochs, "Passes over the training images")
                 ->check(CLI::Range(std::int64_t{1}, std::int64_t{1'000'000})));
  overriding(command->add_option("--batch-size", options->batch_size, "Images per step")
                 ->check(CLI::Range(std::int64_t{1}, kMaxBatchSize)));
  overriding(command
                 ->add_option("--learning-rate", options->learning_rate,
                              "Learning rate of the optimizer; a schedule scales it")
                 ->check(number_in(0.0, 1000.0)));
  overriding(command
                 ->add_option("--validation", options->validation,
                              "Fraction of the training images set aside; 0 for none")
                 ->check(number_in(0.0, 0.9)));
  overriding(
      command
          ->add_option("--patience", options->patience,
                       "Stop after this many epochs without a better validation result; 0: never")
          ->check(CLI::Range(std::int64_t{0}, std::int64_t{1'000'000})));
  overriding(
      command
          ->add_option("--seed", options->seed,
                       "Seed of initial weights, shuffling, dropout, augmentation, split [0]")
          ->check(CLI::Range(std::int64_t{0}, kMany)));
  command
      ->add_option("--seeds", options->seeds,
                   "Train once with each of these seeds, 0-4 or 1,5,9, and print mean and spread")
      ->type_name("SEEDS")
      ->excludes("--seed");
  overriding(
      command
          ->add_option(
              "--precision", options->precision,
              "Arithmetic of matrix products; bf16 is faster on processors that support it [auto]")
          ->check(CLI::IsMember({"auto", "f32", "bf16"})));
  command->add_flag("--profile", options->profile,
                    "Print the time of each operation of a step: layer, kernel, GFLOP/s");
  command
      ->add_option("--checkpoint-every", options->side_by_side.checkpoint_seconds,
                   "Seconds between checkpoints, for --resume after a crash [10]")
      ->check(number_in(0.0, 1e6));
  add_threads_option(*command, options->threads);
  command
      ->add_option("--jobs", options->side_by_side.jobs,
                   "Train this many networks of --seeds or an ensemble at a time, each with its "
                   "share of the threads; its last bits depend on their number [1]")
      ->check(CLI::Range(1, 1024));
  command
      ->add_option("--ranks-per-training", options->side_by_side.ranks_per_training,
                   "With mpirun: ranks that train each network of --seeds or an ensemble [1]")
      ->check(CLI::Range(1, 1 << 20));
  command->add_flag("--no-report", options->no_report, "Write no report.html and no figures");
  command
      ->add_option_function<std::string>(
          "--tensorboard", [options](const std::string& folder) { options->tensorboard = folder; },
          "Write event files for TensorBoard, into DIR/<name of the run> [the folder of the run]")
      ->type_name("DIR")
      ->expected(0, 1);
  command->add_flag("--json", options->json, "Print the metrics as JSON");
  command->footer(
      "Examples:\n"
      "  digitry train                                  # the mlp recipe on MNIST\n"
      "  digitry train --recipe notebook --epochs 5 --seed 1\n"
      "  digitry train --data my-digits/ --out runs/mine\n"
      "  digitry train --resume --out runs/mine         # after Ctrl-C or a crash\n"
      "  digitry train --recipe fast --seeds 0-9        # mean and standard deviation of ten\n"
      "  digitry train --recipe fast --seeds 0-9 --jobs 2   # two at a time\n"
      "  mpirun -np 4 digitry train --recipe cnn        # four processes, on one machine or "
      "several\n"
      "  digitry train --tensorboard                    # then: tensorboard --logdir runs\n"
      "\n"
      "While other programs use the processors, training goes on with fewer threads, and says so:\n"
      "threads that share a processor wait for each other. --threads N keeps N, and with it every\n"
      "bit of the result.\n"
      "\n"
      "Ctrl-C stops after the current step and keeps the model so far. A training that diverges\n"
      "keeps its best epoch. If the report cannot be written, that is only a warning; digitry\n"
      "report can write it later. docs/recipes.md lists every key of a recipe.");
  command->callback([options] {
    if (options->resume && options->out.empty())
      throw Error(ErrorCode::kInvalidArgument, "--resume needs --out RUN, the run to resume");
    const std::string events = options->tensorboard.value_or("");
    if (path_exists(events) && !is_folder(events))
      throw Error(ErrorCode::kInvalidArgument,
                  "--tensorboard: expected a folder, found the file {}", events);
    train(*options);
  });
}

}  // namespace digitry::app
