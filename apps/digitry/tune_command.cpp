#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/prctl.h>

#include <csignal>
#include <memory>
#include <optional>

#include "apps/digitry/checks.h"
#include "apps/digitry/command.h"
#include "apps/digitry/run_folder.h"
#include "apps/digitry/shared_options.h"
#include "apps/digitry/shell_word.h"
#include "apps/digitry/terminal.h"
#include "apps/digitry/tune_result.h"
#include "apps/digitry/tune_trials.h"
#include "digitry/base/error.h"
#include "digitry/base/file.h"
#include "digitry/base/parallel.h"

namespace digitry::app {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMaxSpaceBytes = 1 << 20;

StudySettings settings_of(const TuneOptions& options) {
  StudySettings settings;
  settings.recipe = find_recipe(options.recipe);
  if (!options.data.empty()) settings.recipe.data = options.data;
  if (options.epochs > 0) settings.recipe.epochs = options.epochs;
  settings.space = parse_search_space(read_file(options.space, kMaxSpaceBytes), options.space);
  settings.sampler = options.sampler;
  settings.seed = static_cast<std::uint64_t>(options.seed);
  settings.stops_trials = !options.no_stopping;
  // A path that leads nowhere is told now, and not by every trial.
  recipe_at(settings.recipe, settings.space, SearchPoint(settings.space.values.size(), 0.5));
  return settings;
}

void tune(const TuneOptions& options) {
  set_num_threads(options.threads);
  // A worker is of no use to anybody once who started it is gone.
  if (options.worker) prctl(PR_SET_PDEATHSIG, SIGTERM);
  fs::path folder = options.out;
  if (!options.resume) {
    const StudySettings settings = settings_of(options);
    folder = make_series_folder(options.out, settings.recipe.name + "-tune");
    Study::create(study_path(folder), settings);
  }
  Study study(study_path(folder));
  if (const std::int64_t lost = study.reclaim_lost_trials(); lost > 0)
    inform(fmt::format("{} trials of processes that are gone are begun again", lost));
  const SearchEnd end = search(study, options, folder);
  if (options.worker) return;
  const std::string go_on = "to go on: digitry tune --resume --out " + shell_word(folder.string()) +
                            fmt::format(" --trials {}", options.trials);
  if (end == SearchEnd::kInterrupted)
    throw Error(ErrorCode::kInterrupted, "stopped; {} has every trial; {}",
                study_path(folder).string(), go_on);
  if (end == SearchEnd::kTimeOver) inform("the time is over; " + go_on);
  std::optional<Trial> best = study.best();
  if (!best)
    throw Error(ErrorCode::kUnavailable, "no trial has finished; {} says what became of each; {}",
                study_path(folder).string(), go_on);
  if (options.seeds > 0) best = retrained_best(study, options);
  Recipe recipe = recipe_of(study.settings(), *best);
  recipe.name = study.settings().recipe.name + "-tuned";
  write_file_atomically(folder / "best.toml", to_toml(recipe));
  write_study_page(study, best, to_toml(recipe), folder);
  print_search_result(study, *best, folder, options.json);
}

}  // namespace

void add_tune_command(CLI::App& app) {
  CLI::App* command = app.add_subcommand(
      "tune", "Search the settings of a recipe that do best on validation images");
  const auto options = std::make_shared<TuneOptions>();
  constexpr std::int64_t kMany = std::int64_t{1} << 40;
  CLI::Option* recipe =
      command->add_option("recipe", options->recipe, "A shipped recipe or a TOML file");
  recipe->type_name(fmt::format("{{{}}}|FILE", fmt::join(recipe_names(), ",")));
  CLI::Option* space =
      command->add_option("--space", options->space, "TOML: which values to search, and where");
  space->type_name("FILE");
  command->add_option("--trials", options->trials, "Trials in all [30]")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1'000'000}));
  command->add_option("--workers", options->workers, "Trials at a time, each a process [1]")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{256}));
  command->add_option("--time-limit", options->time_limit, "Seconds; begin no trial after that")
      ->check(number_in(0.0, 1e9));
  command->add_option("--sampler", options->sampler, "How points are chosen [tpe]")
      ->check(CLI::IsMember({"tpe", "random"}));
  command->add_flag("--no-stopping", options->no_stopping,
                    "Give every trial all its epochs, also the hopeless ones");
  command
      ->add_option("--seeds", options->seeds,
                   "Train the best three again with so many fresh seeds; take the best mean [0]")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{1000}));
  command->add_option("--data", options->data, "What to train on [the recipe's, mnist]")
      ->type_name(kDataType);
  command->add_option("--epochs", options->epochs, "Passes of a trial that is not stopped")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1'000'000}));
  command->add_option("--seed", options->seed, "Of the search [0]")
      ->check(CLI::Range(std::int64_t{0}, kMany));
  command->add_option("--out", options->out, "Folder of the study [runs/<recipe>-tune-<number>]")
      ->type_name("DIR")
      ->check(not_empty());
  command->add_flag("--resume", options->resume, "Go on with the study in --out")
      ->excludes(recipe)
      ->excludes(space);
  command->add_flag("--worker", options->worker)->group("");  // For --workers.
  add_threads_option(*command, options->threads);
  command->add_flag("--json", options->json, "Print the result as JSON");
  command->footer(
      "The test images are not looked at. Trials that fall behind are stopped early (successive\n"
      "halving). A study that was interrupted or killed goes on with --resume, and other "
      "processes\n"
      "may join it so. Examples:\n"
      "  digitry tune notebook --space space.toml --trials 50\n"
      "  digitry tune --resume --out runs/notebook-tune-001 --trials 100 --workers 2\n"
      "  digitry train --recipe runs/notebook-tune-001/best.toml --seeds 0-4\n"
      "space.toml:\n"
      "  [\"optimizer.learning_rate\"]\n"
      "  low = 0.0001\n"
      "  high = 0.1\n"
      "  log = true\n"
      "  [\"training.batch_size\"]\n"
      "  choices = [32, 64, 128, 256]\n"
      "  [\"layers.3.rate\"]\n"
      "  low = 0.0\n"
      "  high = 0.6\n"
      "docs/tuning.md tells the rest.");
  command->callback([options] {
    if (options->resume && options->out.empty())
      throw Error(ErrorCode::kInvalidArgument, "--resume needs --out: which study to go on with");
    if (!options->resume && (options->recipe.empty() || options->space.empty()))
      throw Error(ErrorCode::kInvalidArgument, "tune wants a RECIPE and --space FILE");
    tune(*options);
  });
}

}  // namespace digitry::app
