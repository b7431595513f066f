#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/prctl.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "apps/digitry/checks.h"
#include "apps/digitry/command.h"
#include "apps/digitry/interrupt.h"
#include "apps/digitry/run_folder.h"
#include "apps/digitry/shared_options.h"
#include "apps/digitry/shell_word.h"
#include "apps/digitry/terminal.h"
#include "apps/digitry/worker_processes.h"
#include "digitry/base/error.h"
#include "digitry/base/file.h"
#include "digitry/base/parallel.h"
#include "digitry/report/study_page.h"
#include "digitry/report/text.h"
#include "digitry/tuning/tuner.h"

namespace digitry::app {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMaxSpaceBytes = 1 << 20;
constexpr std::size_t kRetrained = 3;
constexpr auto kPollInterval = std::chrono::milliseconds(200);

struct TuneOptions {
  std::string recipe;
  std::string space;
  std::string out;
  std::string data;
  std::string sampler = "tpe";
  std::int64_t trials = 30;
  std::int64_t workers = 1;
  std::int64_t seed = 0;
  std::int64_t seeds = 0;
  std::int64_t epochs = 0;
  double time_limit = 0;
  bool resume = false;
  bool no_stopping = false;
  bool worker = false;
  bool json = false;
  int threads = 0;
};

fs::path study_path(const fs::path& folder) { return folder / "study.sqlite"; }

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

// "0.00312", "64", "\"one_cycle\"": short enough for a line of many.
std::string value_text(const OptionValue& value) {
  const double* number = std::get_if<double>(&value);
  return number != nullptr ? fmt::format("{:.4g}", *number) : to_string(value);
}

std::string point_text(const SearchSpace& space, const SearchPoint& point) {
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < space.values.size(); ++i)
    parts.push_back(space.values[i].path + " " + value_text(value_at(space.values[i], point[i])));
  return fmt::format("{}", fmt::join(parts, ", "));
}

// Tells of trials as they end, whoever ran them.
class TrialTable {
 public:
  TrialTable(const StudySettings& settings, std::int64_t num_trials)
      : settings_(settings), num_trials_(num_trials) {}

  void tell(const Trial& trial) {
    std::string line =
        fmt::format("trial {}/{}  {:<8}", trial.id, num_trials_, to_string(trial.state));
    if (trial.state == TrialState::kFailed)
      line += "  " + trial.message;
    else
      line += fmt::format("  {:.2f} %  {} epochs, {}", 100 * trial.score, trial.epochs,
                          human_duration(trial.seconds));
    inform(line + "  " + point_text(settings_.space, trial.point));
    if (trial.state == TrialState::kFinished) best_ = std::max(best_, trial.score);
  }

  void show(std::int64_t ended, const std::string& note) {
    bar_.update(
        "tuning", static_cast<std::uint64_t>(ended), static_cast<std::uint64_t>(num_trials_),
        best_ > 0 ? fmt::format("best {:.2f} %{}{}", 100 * best_, note.empty() ? "" : "; ", note)
                  : note);
  }

 private:
  const StudySettings& settings_;
  std::int64_t num_trials_;
  double best_ = 0;
  ProgressBar bar_{"trials"};
};

bool has_ended(const Trial& trial) {
  return trial.state == TrialState::kFinished || trial.state == TrialState::kStopped ||
         trial.state == TrialState::kFailed;
}

TunerOptions tuner_options(const TuneOptions& options) {
  return {.num_trials = options.trials, .time_limit_seconds = options.time_limit, .halving = {}};
}

SearchEnd run_here(Study& study, const TuneOptions& options) {
  const InterruptGuard interrupt;
  const Dataset data = load_dataset(study.settings().recipe.data, Split::kTrain);
  TrialTable table(study.settings(), options.trials);
  TunerObserver observer;
  observer.on_step = [&](const Trial& trial, const TrainingProgress& progress) {
    if (!options.worker)
      table.show(trial.id - 1, fmt::format("trial {}: epoch {}/{}, loss {:.4f}", trial.id,
                                           progress.epoch, progress.num_epochs, progress.loss));
  };
  observer.on_end = [&](const Trial& trial) {
    if (!options.worker) table.tell(trial);
  };
  observer.should_stop = [&] { return interrupt.requested(); };
  return run_trials(study, data, tuner_options(options), observer);
}

std::vector<std::string> worker_arguments(const TuneOptions& options, const fs::path& folder) {
  const int threads = std::max(1, (options.threads > 0 ? options.threads : num_threads()) /
                                      static_cast<int>(options.workers));
  return {"digitry",
          "--quiet",
          "tune",
          "--resume",
          "--worker",
          "--out",
          folder.string(),
          "--trials",
          std::to_string(options.trials),
          "--time-limit",
          fmt::format("{}", options.time_limit),
          "--threads",
          std::to_string(threads)};
}

// Starts workers and watches the study they share.
SearchEnd run_workers(Study& study, const TuneOptions& options, const fs::path& folder) {
  const InterruptGuard interrupt;
  WorkerProcesses workers;
  for (std::int64_t i = 0; i < options.workers; ++i)
    workers.start(worker_arguments(options, folder));
  TrialTable table(study.settings(), options.trials);
  std::vector<bool> told;
  bool interrupted = false;
  const auto look = [&] {
    const std::vector<Trial> trials = study.trials();
    told.resize(trials.size());
    std::int64_t ended = 0;
    for (std::size_t i = 0; i < trials.size(); ++i) {
      if (!has_ended(trials[i])) continue;
      ++ended;
      if (!told[i]) table.tell(trials[i]);
      told[i] = true;
    }
    table.show(ended, fmt::format("{} workers", options.workers));
    return ended;
  };
  while (workers.num_running() > 0) {
    if (interrupt.requested() && !interrupted) workers.interrupt();
    interrupted = interrupted || interrupt.requested();
    look();
    std::this_thread::sleep_for(kPollInterval);
  }
  const std::int64_t ended = look();
  if (interrupted) return SearchEnd::kInterrupted;
  if (workers.worst_status() != 0)
    throw Error(ErrorCode::kUnavailable,
                "a worker ended with status {}; what it did is in {}; go on with digitry tune "
                "--resume --out {}",
                workers.worst_status(), study_path(folder).string(), shell_word(folder.string()));
  return ended < options.trials ? SearchEnd::kTimeOver : SearchEnd::kFinished;
}

// The best finished trials, best first.
std::vector<Trial> best_trials(Study& study, std::size_t most) {
  std::vector<Trial> finished = study.trials();
  std::erase_if(finished, [](const Trial& trial) { return trial.state != TrialState::kFinished; });
  std::ranges::stable_sort(finished, [](const Trial& a, const Trial& b) {
    return std::pair(-a.score, a.loss) < std::pair(-b.score, b.loss);
  });
  finished.resize(std::min(finished.size(), most));
  return finished;
}

// The winner of a search was lucky, too: of the best few, the one that is best with fresh seeds.
Trial retrained_best(Study& study, const TuneOptions& options) {
  const InterruptGuard interrupt;
  const StudySettings& settings = study.settings();
  const Dataset data = load_dataset(settings.recipe.data, Split::kTrain);
  std::optional<Trial> winner;
  double best_mean = -1;
  for (const Trial& trial : best_trials(study, kRetrained)) {
    double mean = 0;
    for (std::int64_t i = 1; i <= options.seeds; ++i) {
      Recipe recipe = recipe_of(settings, trial);
      recipe.seed = settings.recipe.seed + static_cast<std::uint64_t>(i);
      Trainer trainer(recipe, data);
      TrainingObserver observer;
      double score = 0;
      observer.should_stop = [&] { return interrupt.requested(); };
      observer.on_epoch = [&](const EpochRecord& epoch, bool best) {
        if (best) score = *epoch.val_accuracy;
      };
      if (trainer.run(observer) == TrainingEnd::kInterrupted)
        throw Error(ErrorCode::kInterrupted, "stopped while training the best trials again");
      mean += score / static_cast<double>(options.seeds);
    }
    inform(fmt::format("trial {} again with {} fresh seeds: {:.2f} % (in the search {:.2f} %)",
                       trial.id, options.seeds, 100 * mean, 100 * trial.score));
    if (mean > best_mean) winner = trial;
    best_mean = std::max(best_mean, mean);
  }
  return *winner;
}

std::int64_t count(const std::vector<Trial>& trials, TrialState state) {
  return std::ranges::count(trials, state, &Trial::state);
}

void print_result(Study& study, const Trial& best, const fs::path& folder, bool as_json) {
  const StudySettings& settings = study.settings();
  const std::vector<Trial> trials = study.trials();
  if (as_json) {
    nlohmann::ordered_json parameters = nlohmann::ordered_json::object();
    for (std::size_t i = 0; i < settings.space.values.size(); ++i)
      std::visit([&](const auto& value) { parameters[settings.space.values[i].path] = value; },
                 value_at(settings.space.values[i], best.point[i]));
    const nlohmann::ordered_json result{{"best",
                                         {{"trial", best.id},
                                          {"val_accuracy", best.score},
                                          {"val_loss", best.loss},
                                          {"parameters", parameters}}},
                                        {"trials", trials.size()},
                                        {"finished", count(trials, TrialState::kFinished)},
                                        {"stopped", count(trials, TrialState::kStopped)},
                                        {"failed", count(trials, TrialState::kFailed)},
                                        {"recipe", (folder / "best.toml").string()}};
    fmt::print("{}\n", result.dump(1));
    return;
  }
  fmt::print("{:<20}{:.2f} % (trial {} of {}; {} finished, {} stopped early, {} failed)\n",
             "best validation", 100 * best.score, best.id, trials.size(),
             count(trials, TrialState::kFinished), count(trials, TrialState::kStopped),
             count(trials, TrialState::kFailed));
  for (std::size_t i = 0; i < settings.space.values.size(); ++i)
    fmt::print("  {:<32}{}\n", settings.space.values[i].path,
               value_text(value_at(settings.space.values[i], best.point[i])));
  fmt::print("{:<20}{}\n", "recipe", (folder / "best.toml").string());
  fmt::print("{:<20}{}\n", "page", (folder / "tune.html").string());
  fmt::print("{:<20}{}\n", "trials", study_path(folder).string());
}

constexpr int kTicks = 5;

StudyValue page_value(const SearchedValue& searched) {
  StudyValue value{.name = searched.path,
                   .ticks = {},
                   .is_choice = searched.kind == SearchedValue::Kind::kChoice};
  for (const OptionValue& choice : searched.choices) value.ticks.push_back(value_text(choice));
  if (!value.is_choice)
    for (int i = 0; i < kTicks; ++i)
      value.ticks.push_back(value_text(value_at(searched, i * 0.999999 / (kTicks - 1))));
  return value;
}

// The study as far as it is, for a person to look at; that it cannot be drawn is no failure.
void write_page(Study& study, const std::optional<Trial>& best, const std::string& recipe,
                const fs::path& folder) {
  const StudySettings& settings = study.settings();
  StudyContent content{
      .title = fmt::format("Tuning {} on {}", settings.recipe.name, settings.recipe.data),
      .recipe = recipe,
      .values = {},
      .trials = {},
      .best = best ? best->id : 0};
  for (const SearchedValue& searched : settings.space.values)
    content.values.push_back(page_value(searched));
  for (const Trial& trial : study.trials()) {
    StudyTrial row{.id = trial.id,
                   .state = to_string(trial.state),
                   .score = trial.score,
                   .epochs = trial.epochs,
                   .seconds = trial.seconds,
                   .coordinates = trial.point,
                   .values = {}};
    for (std::size_t i = 0; i < trial.point.size(); ++i)
      row.values.push_back(value_text(value_at(settings.space.values[i], trial.point[i])));
    content.trials.push_back(std::move(row));
  }
  try {
    write_file_atomically(folder / "tune.html", render_study_html(content));
  } catch (const Error& error) {
    warn(fmt::format("no page: {}", error.what()));
  }
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
  const SearchEnd end =
      options.workers > 1 ? run_workers(study, options, folder) : run_here(study, options);
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
  write_page(study, best, to_toml(recipe), folder);
  print_result(study, *best, folder, options.json);
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
