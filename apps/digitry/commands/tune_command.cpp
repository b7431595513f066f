#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/prctl.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "apps/digitry/commands/commands.h"
#include "apps/digitry/commands/ranks.h"
#include "apps/digitry/commands/tune_trials.h"
#include "apps/digitry/terminal/options.h"
#include "apps/digitry/terminal/terminal.h"
#include "digitry/base/error.h"
#include "digitry/base/file.h"
#include "digitry/base/parallel.h"
#include "digitry/base/words.h"
#include "digitry/training/run_folder.h"
#include "digitry/tuning/database.h"
#include "digitry/tuning/study_json.h"

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
  if (settings.recipe.members > 1 || settings.recipe.tta != TestTimeAugmentation())
    warn(
        "trials use one network each and no test-time augmentation; 'members' and "
        "[test_time_augmentation] take effect when the best recipe is trained");
  // Checks before the study is created.
  const Dataset data = load_training_data(settings.recipe.data, settings.recipe.load);
  check_tunable(settings.recipe, data);
  settings.data_sha256 = data.sha256;
  return settings;
}

// Writes the best recipe and the page of the study, also of an unfinished one.
void write_best(Study& study, const std::optional<Trial>& best, const fs::path& folder) {
  if (!best) return;
  Recipe recipe = recipe_of(study.settings(), *best);
  recipe.name = study.settings().recipe.name + "-tuned";
  write_file_atomically(folder / "best.toml", to_toml(recipe));
  write_study_page(study, best, to_toml(recipe), folder);
}

// Where the study of `folder` is.
std::string location_of(const TuneOptions& options, const fs::path& folder) {
  return options.study.empty() ? (folder / "study.sqlite").string() : options.study;
}

// A study, and the folder of its results.
struct OpenStudy {
  std::unique_ptr<Study> study;
  fs::path folder;
};

// Opens the study, or makes it.
OpenStudy open_study(const TuneOptions& options) {
  if (options.resume || !options.export_file.empty())
    return {std::make_unique<Study>(location_of(options, options.out)), options.out};
  const StudySettings settings = settings_of(options);
  if (!options.study.empty()) {
    Study::join(options.study, settings);
    return {std::make_unique<Study>(options.study), options.out};
  }
  const fs::path folder = make_series_folder(options.out, settings.recipe.name + "-tune");
  const std::string location = location_of(options, folder);
  Study::create(location, settings);
  return {std::make_unique<Study>(location), folder};
}

// The folder of the results, if the study is elsewhere: joined processes have one each.
fs::path results_folder(const TuneOptions& options, const Study& study) {
  if (options.out.empty()) return make_series_folder("", study.settings().recipe.name + "-tune");
  make_folder(options.out);
  return options.out;
}

void export_study(Study& study, const std::string& file) {
  const std::string json = study_json(study);
  if (file == "-") {
    fmt::print("{}", json);
    return;
  }
  write_file_atomically(file, json);
  inform(fmt::format("{} trials written to {}", study.trials().size(), file));
}

// Opens the study to run trials of it.
OpenStudy open_search(const TuneOptions& options) {
  OpenStudy opened = open_study(options);
  Study& study = *opened.study;
  if (!options.study.empty() && !options.worker) opened.folder = results_folder(options, study);
  // A study that was joined keeps its number of trials unless it is raised.
  if (options.trials > 0 && options.trials != study.settings().num_trials)
    study.set_num_trials(options.trials);
  if (const std::int64_t lost = study.reclaim_lost_trials(); lost > 0 && !options.worker)
    inform(fmt::format("restarting {} trials whose processes no longer exist", lost));
  return opened;
}

// What follows the search: retrains the best, writes and prints the result.
void finish_search(const TuneOptions& options, const OpenStudy& searched, SearchEnd end) {
  const auto& [opened, folder] = searched;
  Study& study = *opened;
  if (end == SearchEnd::kFinished && options.seeds > 0) end = retrain(study, options.seeds);
  const std::optional<Trial> best = study.best();
  write_best(study, best, folder);
  if (end == SearchEnd::kInterrupted)
    throw Error(ErrorCode::kInterrupted, "interrupted; all trials are in {}{}; {}", study.name(),
                best ? ", the best recipe so far in best.toml" : "", resume_hint(options, folder));
  if (end == SearchEnd::kTimeOver) inform("time limit reached; " + resume_hint(options, folder));
  if (!best)
    throw Error(ErrorCode::kUnavailable, "no trial has finished; see the trials in {}; {}",
                study.name(), resume_hint(options, folder));
  print_search_result(study, *best, folder, options.json);
}

void tune_here(const TuneOptions& options) {
  // Ends a worker when the process that started it ends.
  if (options.worker) prctl(PR_SET_PDEATHSIG, SIGTERM);
  const OpenStudy opened = open_search(options);
  const SearchEnd end = search(*opened.study, options, location_of(options, opened.folder));
  if (!options.worker) finish_search(options, opened, end);
}

// What ranks cannot do.
void check_ranks(const TuneOptions& options, Communicator& ranks) {
  if (options.jobs > 1)
    throw Error(ErrorCode::kInvalidArgument,
                "--jobs: under mpirun the ranks take trials; start {} ranks instead", options.jobs);
  const std::vector<std::string> hosts = ranks.gather(ranks.host());
  if (!is_server_url(options.study) && std::ranges::count(hosts, hosts[0]) != ranks.size())
    throw Error(ErrorCode::kInvalidArgument,
                "expected a study that several hosts can share, because ranks run on {} and {}; "
                "pass --study postgresql://HOST/DATABASE",
                hosts[0], *std::ranges::find_if(hosts, [&](auto& h) { return h != hosts[0]; }));
}

// Tunes by the processes of mpirun. The first one opens or makes the study, which all share.
void tune_by_ranks(const TuneOptions& options, MpiCommunicator& ranks) {
  inform(describe_ranks(ranks));
  check_ranks(options, ranks);
  share_threads(ranks, options.threads);
  const auto group = split_into_groups(ranks, options.ranks_per_training);
  OpenStudy opened;
  std::string location;
  collectively(ranks, [&] {
    if (!ranks.is_first()) return;
    opened = open_search(options);
    location = location_of(options, opened.folder);
    if (!is_server_url(location)) location = fs::absolute(location).string();
  });
  location = broadcast(ranks, location);
  collectively(ranks, [&] {
    if (!ranks.is_first()) opened.study = std::make_unique<Study>(location);
  });
  const SearchEnd end = search_by_ranks(*opened.study, options, ranks, *group);
  if (ranks.is_first()) finish_search(options, opened, end);
}

void tune(const TuneOptions& options) {
  set_num_threads(options.threads);
  with_mpi([&](MpiCommunicator* ranks) {
    if (!options.export_file.empty()) {
      if (ranks == nullptr || ranks->is_first())
        export_study(*open_study(options).study, options.export_file);
    } else if (ranks == nullptr) {
      tune_here(options);
    } else {
      tune_by_ranks(options, *ranks);
    }
  });
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
      ->add_option("--jobs", options->jobs,
                   "Trials to run at a time, each in a process with its share of the threads [1]")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{256}));
  command
      ->add_option("--ranks-per-training", options->ranks_per_training,
                   "With mpirun: ranks that train each trial together [1]")
      ->check(CLI::Range(1, 1 << 20));
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
  command->add_option("--out", options->out, "Folder of the results [runs/<recipe>-tune-<number>]")
      ->type_name("DIR")
      ->check(not_empty());
  command
      ->add_option("--study", options->study,
                   "Where the trials are kept: a file, or for several machines "
                   "postgresql://[USER@]HOST/DATABASE[?study=NAME] [study.sqlite in --out]")
      ->type_name("FILE|URL")
      ->envname(kStudyVariable)
      ->check(not_empty());
  CLI::Option* resume = command->add_flag("--resume", options->resume,
                                          "Resume or join the study in --out or --study");
  for (CLI::Option* option : fixed) resume->excludes(option);
  command
      ->add_option("--export", options->export_file,
                   "Only write the study in --out or --study as JSON, '-' for standard output")
      ->type_name("FILE")
      ->check(not_empty());
  command->add_flag("--worker", options->worker)->group("");  // For --jobs.
  add_threads_option(*command, options->threads);
  command->add_flag("--json", options->json, "Print the result as JSON");
  command->footer(
      "The test images are not used. Bad trials are stopped early (successive halving).\n"
      "--resume continues a study that was interrupted or killed. More processes can join a study\n"
      "with --resume. With --study URL the same command may run on several machines: the first "
      "one\n"
      "makes the study, the others join. A password belongs in PGPASSWORD or ~/.pgpass. Examples:\n"
      "  digitry tune notebook --space space.toml --trials 50\n"
      "  digitry tune --resume --out runs/notebook-tune-001 --trials 100 --jobs 2\n"
      "  digitry tune notebook --space space.toml --study postgresql://db.example.org/digits\n"
      "  mpirun -np 4 digitry tune notebook --space space.toml   # trials by four processes\n"
      "  digitry tune --export study.json --out runs/notebook-tune-001\n"
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
    const bool is_made = options->resume || !options->export_file.empty();
    if (is_made && options->out.empty() && options->study.empty())
      throw Error(ErrorCode::kInvalidArgument,
                  "--resume and --export need --out with the folder of the study, or --study");
    if (!is_made && (options->recipe.empty() || options->space.empty()))
      throw Error(ErrorCode::kInvalidArgument, "tune: expected a RECIPE and --space FILE");
    tune(*options);
  });
}

}  // namespace digitry::app
