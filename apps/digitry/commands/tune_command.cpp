#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/prctl.h>

#include <csignal>
#include <memory>
#include <optional>
#include <vector>

#include "apps/digitry/commands/commands.h"
#include "apps/digitry/commands/tune_trials.h"
#include "apps/digitry/terminal/options.h"
#include "apps/digitry/terminal/terminal.h"
#include "digitry/base/error.h"
#include "digitry/base/file.h"
#include "digitry/base/parallel.h"
#include "digitry/base/words.h"
#include "digitry/training/run_folder.h"

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
  if (options.trials > 0) settings.num_trials = options.trials;
  check_space(settings.recipe, settings.space, options.space);
  if (settings.recipe.members > 1 || !settings.recipe.tta.empty())
    warn(
        "each trial is one network that sees images as they are; 'members' and [views] wait for "
        "the best recipe");
  // What cannot be searched is told before there is a study of it.
  const Dataset data = load_dataset(settings.recipe.data, Split::kTrain);
  check_tunable(settings.recipe, data);
  settings.data_sha256 = data.sha256;
  return settings;
}

void take_up_lost_trials(Study& study, bool take_over) {
  const auto which = take_over ? Study::Lost::kAll : Study::Lost::kOfThisMachine;
  if (const std::int64_t lost = study.reclaim_lost_trials(which); lost > 0)
    inform(fmt::format("begun again: {} trials of processes that are gone", lost));
  if (const auto machines = study.other_machines(); !machines.empty())
    warn(
        fmt::format("trials run on {}, says the study; if they do not, --take-over begins them "
                    "again",
                    fmt::join(machines, ", ")));
}

// What there is to see of a search, however far it is.
void write_best(Study& study, const std::optional<Trial>& best, const fs::path& folder) {
  if (!best) return;
  Recipe recipe = recipe_of(study.settings(), *best);
  recipe.name = study.settings().recipe.name + "-tuned";
  write_file_atomically(folder / "best.toml", to_toml(recipe));
  write_study_page(study, best, to_toml(recipe), folder);
}

std::string how_to_go_on(const TuneOptions& options, const fs::path& folder) {
  std::string command = "to go on: digitry tune --resume --out " + shell_word(folder.string());
  if (options.workers > 1) command += fmt::format(" --workers {}", options.workers);
  if (options.seeds > 0) command += fmt::format(" --seeds {}", options.seeds);
  return command;
}

Study open_study(const TuneOptions& options, fs::path& folder) {
  if (!options.resume) {
    const StudySettings settings = settings_of(options);
    folder = make_series_folder(options.out, settings.recipe.name + "-tune");
    Study::create(study_path(folder), settings);
  }
  return Study(study_path(folder));
}

void tune(const TuneOptions& options) {
  set_num_threads(options.threads);
  // A worker is of no use to anybody once who started it is gone.
  if (options.worker) prctl(PR_SET_PDEATHSIG, SIGTERM);
  fs::path folder = options.out;
  Study study = open_study(options, folder);
  if (options.resume && options.trials > 0) study.set_num_trials(options.trials);
  if (!options.worker) take_up_lost_trials(study, options.take_over);
  SearchEnd end = search(study, options, folder);
  if (options.worker) return;
  if (end == SearchEnd::kFinished && options.seeds > 0) end = retrain(study, options.seeds);
  const std::optional<Trial> best = study.best();
  write_best(study, best, folder);
  if (end == SearchEnd::kInterrupted)
    throw Error(ErrorCode::kInterrupted, "stopped; every trial is in {}{}; {}",
                study_path(folder).string(), best ? ", the best so far in best.toml" : "",
                how_to_go_on(options, folder));
  if (end == SearchEnd::kTimeOver) inform("the time is over; " + how_to_go_on(options, folder));
  if (!best)
    throw Error(ErrorCode::kUnavailable, "no trial has finished; {} says what became of each; {}",
                study_path(folder).string(), how_to_go_on(options, folder));
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
  command->add_option("--trials", options->trials, "Trials in all [30, or what the study says]")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1'000'000}));
  command->add_option("--workers", options->workers, "Trials at a time, each a process [1]")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{256}));
  command
      ->add_option("--time-limit", options->time_limit,
                   "Seconds; begin no trial after that, but end those that run")
      ->check(number_in(0.0, 1e9));
  command
      ->add_option("--seeds", options->seeds,
                   "Train the best three again with so many fresh seeds; take the best mean [0]")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{1000}));
  // What a study is made with, for ever.
  std::vector<CLI::Option*> fixed{recipe, space};
  fixed.push_back(command->add_option("--sampler", options->sampler, "How points are chosen [tpe]")
                      ->check(CLI::IsMember({"tpe", "random"})));
  fixed.push_back(command->add_flag("--no-stopping", options->no_stopping,
                                    "Give every trial all its epochs, also the hopeless ones"));
  fixed.push_back(
      command->add_option("--data", options->data, "What to train on [the recipe's, mnist]")
          ->type_name(kDataType));
  fixed.push_back(
      command->add_option("--epochs", options->epochs, "Passes of a trial that is not stopped")
          ->check(CLI::Range(std::int64_t{1}, std::int64_t{1'000'000})));
  fixed.push_back(command->add_option("--seed", options->seed, "Of the search [0]")
                      ->check(CLI::Range(std::int64_t{0}, kMany)));
  command->add_option("--out", options->out, "Folder of the study [runs/<recipe>-tune-<number>]")
      ->type_name("DIR")
      ->check(not_empty());
  CLI::Option* resume =
      command->add_flag("--resume", options->resume, "Go on with the study in --out");
  for (CLI::Option* option : fixed) resume->excludes(option);
  command
      ->add_flag("--take-over", options->take_over,
                 "Begin again what other machines were running: they are gone")
      ->needs(resume);
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
