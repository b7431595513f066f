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
        "trials use one network each and no test-time augmentation; 'members' and "
        "[test_time_augmentation] take effect when the best recipe is trained");
  // Checks before the study is created.
  const Dataset data = load_training_data(settings.recipe.data, settings.recipe.load);
  check_tunable(settings.recipe, data);
  settings.data_sha256 = data.sha256;
  return settings;
}

void reclaim_lost_trials(Study& study, bool take_over) {
  const auto which = take_over ? Study::Lost::kAll : Study::Lost::kOfThisMachine;
  if (const std::int64_t lost = study.reclaim_lost_trials(which); lost > 0)
    inform(fmt::format("restarting {} trials whose processes no longer exist", lost));
  if (const auto machines = study.other_machines(); !machines.empty())
    warn(
        fmt::format("according to the study, trials run on {}; if they do not, restart them with "
                    "--take-over",
                    fmt::join(machines, ", ")));
}

// Writes the best recipe and the page of the study, also of an unfinished one.
void write_best(Study& study, const std::optional<Trial>& best, const fs::path& folder) {
  if (!best) return;
  Recipe recipe = recipe_of(study.settings(), *best);
  recipe.name = study.settings().recipe.name + "-tuned";
  write_file_atomically(folder / "best.toml", to_toml(recipe));
  write_study_page(study, best, to_toml(recipe), folder);
}

std::string resume_hint(const TuneOptions& options, const fs::path& folder) {
  std::string command = "to resume: digitry tune --resume --out " + shell_word(folder.string());
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
  // Ends a worker when the process that started it ends.
  if (options.worker) prctl(PR_SET_PDEATHSIG, SIGTERM);
  fs::path folder = options.out;
  Study study = open_study(options, folder);
  if (options.resume && options.trials > 0) study.set_num_trials(options.trials);
  if (!options.worker) reclaim_lost_trials(study, options.take_over);
  SearchEnd end = search(study, options, folder);
  if (options.worker) return;
  if (end == SearchEnd::kFinished && options.seeds > 0) end = retrain(study, options.seeds);
  const std::optional<Trial> best = study.best();
  write_best(study, best, folder);
  if (end == SearchEnd::kInterrupted)
    throw Error(ErrorCode::kInterrupted, "interrupted; all trials are in {}{}; {}",
                study_path(folder).string(), best ? ", the best recipe so far in best.toml" : "",
                resume_hint(options, folder));
  if (end == SearchEnd::kTimeOver) inform("time limit reached; " + resume_hint(options, folder));
  if (!best)
    throw Error(ErrorCode::kUnavailable, "no trial has finished; see the trials in {}; {}",
                study_path(folder).string(), resume_hint(options, folder));
  print_search_result(study, *best, folder, options.json);
}

}  // namespace

void add_tune_command(CLI::App& app) {
  CLI::App* command =
      app.add_subcommand("tune", "Search hyperparameters of a recipe by validation accuracy");
  const auto options = std::make_shared<TuneOptions>();
  constexpr std::int64_t kMany = std::int64_t{1} << 40;
  CLI::Option* recipe =
      command->add_option("recipe", options->recipe, "A shipped recipe or a TOML file");
  recipe->type_name(fmt::format("{{{}}}|FILE", fmt::join(recipe_names(), ",")));
  CLI::Option* space = command->add_option("--space", options->space,
                                           "TOML file with the values to search and their ranges");
  space->type_name("FILE");
  command
      ->add_option("--trials", options->trials, "Total number of trials [30, or as in the study]")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1'000'000}));
  command
      ->add_option("--workers", options->workers, "Trials to run in parallel, one process each [1]")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{256}));
  command
      ->add_option("--time-limit", options->time_limit,
                   "Seconds after which no trial is started; running trials are finished")
      ->check(number_in(0.0, 1e9));
  command
      ->add_option(
          "--seeds", options->seeds,
          "Retrain the best three trials with this many fresh seeds and take the best mean [0]")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{1000}));
  // Options that are fixed when a study is created.
  std::vector<CLI::Option*> fixed{recipe, space};
  fixed.push_back(
      command->add_option("--sampler", options->sampler, "Sampler of points: tpe or random [tpe]")
          ->check(CLI::IsMember({"tpe", "random"})));
  fixed.push_back(command->add_flag("--no-stopping", options->no_stopping,
                                    "Run all epochs of every trial (no successive halving)"));
  fixed.push_back(
      command->add_option("--data", options->data, "Training data [the recipe's, mnist]")
          ->type_name(kDataType));
  fixed.push_back(command
                      ->add_option("--epochs", options->epochs,
                                   "Epochs of a trial that is not stopped [the recipe's]")
                      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1'000'000})));
  fixed.push_back(command->add_option("--seed", options->seed, "Seed of the search [0]")
                      ->check(CLI::Range(std::int64_t{0}, kMany)));
  command->add_option("--out", options->out, "Folder of the study [runs/<recipe>-tune-<number>]")
      ->type_name("DIR")
      ->check(not_empty());
  CLI::Option* resume = command->add_flag("--resume", options->resume, "Resume the study in --out");
  for (CLI::Option* option : fixed) resume->excludes(option);
  command
      ->add_flag("--take-over", options->take_over,
                 "Restart the trials of other machines, which no longer run")
      ->needs(resume);
  command->add_flag("--worker", options->worker)->group("");  // For --workers.
  add_threads_option(*command, options->threads);
  command->add_flag("--json", options->json, "Print the result as JSON");
  command->footer(
      "The test images are not used. Bad trials are stopped early (successive halving).\n"
      "--resume continues a study that was interrupted or killed. More processes can join a study\n"
      "with --resume. Examples:\n"
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
      "See docs/tuning.md.");
  command->callback([options] {
    if (options->resume && options->out.empty())
      throw Error(ErrorCode::kInvalidArgument, "--resume needs --out with the folder of the study");
    if (!options->resume && (options->recipe.empty() || options->space.empty()))
      throw Error(ErrorCode::kInvalidArgument, "tune: expected a RECIPE and --space FILE");
    tune(*options);
  });
}

}  // namespace digitry::app
