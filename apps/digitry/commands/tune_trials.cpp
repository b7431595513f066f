#include "apps/digitry/commands/tune_trials.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "apps/digitry/commands/ranks.h"
#include "apps/digitry/commands/worker_processes.h"
#include "apps/digitry/terminal/interrupt.h"
#include "apps/digitry/terminal/terminal.h"
#include "digitry/base/error.h"
#include "digitry/base/file.h"
#include "digitry/base/parallel.h"
#include "digitry/base/text.h"
#include "digitry/base/words.h"
#include "digitry/report/study_page.h"
#include "digitry/tuning/database.h"
#include "digitry/tuning/worker.h"

namespace digitry::app {
namespace {

namespace fs = std::filesystem;

constexpr auto kPollInterval = std::chrono::milliseconds(200);

std::string point_text(const SearchSpace& space, const SearchPoint& point) {
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < space.values.size(); ++i)
    parts.push_back(space.values[i].path + " " + value_text(value_at(space.values[i], point[i])));
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::int64_t count(const std::vector<Trial>& trials, TrialState state) {
  return std::ranges::count(trials, state, &Trial::state);
}

// Prints trials as they end, in whichever process they ran; not those that have ended before.
class TrialTable {
 public:
  explicit TrialTable(Study& study) : study_(study) {
    for (const Trial& trial : study.trials()) printed_.push_back(trial.ended());
  }

  // Prints what has ended since the last time. Returns all trials.
  std::vector<Trial> update() {
    updated_ = Clock::now();
    std::vector<Trial> trials = study_.trials();
    printed_.resize(trials.size());
    for (std::size_t i = 0; i < trials.size(); ++i) {
      if (!trials[i].ended() || printed_[i]) continue;
      print(trials[i]);
      printed_[i] = true;
    }
    return trials;
  }

  // The same, at most once a second.
  void update_sometimes() {
    if (Clock::now() - updated_ >= std::chrono::seconds(1)) update();
  }

  void show(std::int64_t ended, const std::string& note) {
    bar_.update("tuning", static_cast<std::uint64_t>(ended),
                static_cast<std::uint64_t>(settings().num_trials),
                best_ > 0
                    ? fmt::format("best {:.2f} %{}{}", 100 * best_, note.empty() ? "" : "; ", note)
                    : note);
  }

 private:
  using Clock = std::chrono::steady_clock;

  const StudySettings& settings() const { return study_.settings(); }

  void print(const Trial& trial) {
    std::string line =
        fmt::format("trial {}/{}  {:<8}", trial.id, settings().num_trials, to_string(trial.state));
    if (trial.state == TrialState::kFailed)
      line += "  " + trial.message;
    else
      line += fmt::format("  {:.2f} %  {} epochs, {}", 100 * trial.score, trial.epochs,
                          human_duration(trial.seconds));
    if (trial.host != host_) line += "  on " + trial.host;
    inform(line + "  " + point_text(settings().space, trial.point));
    if (trial.state == TrialState::kFinished) best_ = std::max(best_, trial.score);
  }

  Study& study_;
  const std::string host_ = this_host();
  std::vector<bool> printed_;
  Clock::time_point updated_ = Clock::now();
  double best_ = 0;
  ProgressBar bar_{"trials"};
};

TunerObserver observe(const InterruptGuard& interrupt) {
  TunerObserver observer;
  observer.should_stop = [&] { return interrupt.requested(); };
  return observer;
}

std::string progress_text(const Trial& trial, const TrainingProgress& progress) {
  return fmt::format("trial {}: epoch {}/{}, loss {:.4f}", trial.id, progress.epoch,
                     progress.num_epochs, progress.loss);
}

Dataset data_of(const Study& study) {
  return load_training_data(study.settings().recipe.data, study.settings().recipe.load);
}

// An observer that shows trials, also those of other processes.
TunerObserver show_trials(const InterruptGuard& interrupt, const Study& study, TrialTable& table) {
  TunerObserver observer = observe(interrupt);
  observer.on_step = [&](const Trial& trial, const TrainingProgress& progress) {
    table.update_sometimes();
    table.show(trial.id - 1, progress_text(trial, progress));
  };
  observer.on_wait = [&](std::int64_t num_trials) {
    table.update_sometimes();
    table.show(study.settings().num_trials - num_trials,
               fmt::format("waiting for {} trials of other processes", num_trials));
  };
  observer.on_end = [&](const Trial& /*trial*/) { table.update(); };
  return observer;
}

SearchEnd search_here(Study& study, const TuneOptions& options) {
  const InterruptGuard interrupt;
  const Dataset data = data_of(study);
  const TunerOptions limits{.time_limit_seconds = options.time_limit, .halving = {}};
  if (options.worker) return run_trials(study, data, limits, observe(interrupt));
  TrialTable table(study);
  const SearchEnd end = run_trials(study, data, limits, show_trials(interrupt, study, table));
  table.update();
  return end;
}

// The location is passed by the environment: it may have a password, which everybody could read in
// a list of processes.
std::vector<std::string> worker_arguments(const TuneOptions& options) {
  const int threads = std::max(
      1, (options.threads > 0 ? options.threads : num_threads()) / static_cast<int>(options.jobs));
  return {"digitry",
          "--quiet",
          "tune",
          "--resume",
          "--worker",
          "--time-limit",
          fmt::format("{}", options.time_limit),
          "--threads",
          std::to_string(threads)};
}

// Starts workers and watches their shared study.
SearchEnd search_by_workers(Study& study, const TuneOptions& options, const std::string& location) {
  const InterruptGuard interrupt;
  setenv(kStudyVariable, location.c_str(), /*overwrite=*/1);
  TrialTable table(study);
  WorkerProcesses workers;
  for (std::int64_t i = 0; i < options.jobs; ++i) workers.start(worker_arguments(options));
  bool interrupted = false;
  const auto update = [&] {
    const std::vector<Trial> trials = table.update();
    table.show(std::ranges::count_if(trials, &Trial::ended),
               fmt::format("{} running", count(trials, TrialState::kRunning)));
  };
  while (workers.num_running() > 0) {
    if (interrupt.requested() && !interrupted) workers.interrupt();
    interrupted = interrupted || interrupt.requested();
    update();
    std::this_thread::sleep_for(kPollInterval);
  }
  update();
  if (interrupted) return SearchEnd::kInterrupted;
  const std::vector<Trial> trials = study.trials();
  const bool missing = std::ssize(trials) < study.settings().num_trials;
  if (workers.worst_status() != 0 && (missing || !std::ranges::all_of(trials, &Trial::ended)))
    throw Error(ErrorCode::kUnavailable,
                "a worker failed with exit status {}; all trials so far are in {}",
                workers.worst_status(), study.name());
  return missing ? SearchEnd::kTimeOver : SearchEnd::kFinished;
}

constexpr int kTicks = 5;

StudyValue page_value(const SearchedValue& searched) {
  StudyValue value{.name = searched.path,
                   .ticks = {},
                   .is_choice = searched.kind == SearchedValue::Kind::kChoice};
  for (const AttributeValue& choice : searched.choices) value.ticks.push_back(value_text(choice));
  if (!value.is_choice)
    for (int i = 0; i < kTicks; ++i)
      value.ticks.push_back(value_text(value_at(searched, i * 0.999999 / (kTicks - 1))));
  return value;
}

}  // namespace

SearchEnd search(Study& study, const TuneOptions& options, const std::string& location) {
  return options.jobs > 1 ? search_by_workers(study, options, location)
                          : search_here(study, options);
}

SearchEnd search_by_ranks(Study& study, const TuneOptions& options, MpiCommunicator& ranks,
                          Communicator& group) {
  const InterruptGuard interrupt;
  Dataset data;
  std::optional<TrialTable> table;
  collectively(ranks, [&] {
    data = data_of(study);
    if (ranks.is_first()) table.emplace(study);
  });
  const SearchEnd own =
      run_trials(study, data, {.time_limit_seconds = options.time_limit, .halving = {}},
                 table ? show_trials(interrupt, study, *table) : observe(interrupt), group);
  // Trials of others may still run after the time limit.
  ranks.wait_for_all();
  if (table) table->update();
  SearchEnd end = own;
  for (const std::string& other : ranks.gather(std::to_string(static_cast<int>(own))))
    end = std::max(end, static_cast<SearchEnd>(std::stoi(other)));
  return end;
}

SearchEnd retrain(Study& study, std::int64_t num_seeds) {
  const InterruptGuard interrupt;
  const Dataset data = data_of(study);
  TunerObserver observer = observe(interrupt);
  observer.on_end = [](const Trial& trial) {
    const auto diverged = std::ranges::count(trial.fresh_scores, 0.0);
    inform(fmt::format("trial {} with {} fresh seeds: {:.2f} % (in the search: {:.2f} %){}",
                       trial.id, trial.fresh_scores.size(), 100 * trial.final_score(),
                       100 * trial.score,
                       diverged > 0 ? fmt::format("; {} diverged", diverged) : ""));
  };
  return retrain_best(study, data, {.num_trials = 3, .num_seeds = num_seeds}, observer);
}

std::string resume_hint(const TuneOptions& options, const fs::path& folder) {
  std::string command = fmt::format("to resume{}: digitry tune --resume --out {}",
                                    num_started_ranks() > 1 ? ", under mpirun again" : "",
                                    shell_word(folder.string()));
  if (!options.study.empty()) command += " --study " + shell_word(without_password(options.study));
  if (options.jobs > 1) command += fmt::format(" --jobs {}", options.jobs);
  if (options.ranks_per_training > 1)
    command += fmt::format(" --ranks-per-training {}", options.ranks_per_training);
  if (options.seeds > 0) command += fmt::format(" --seeds {}", options.seeds);
  return command;
}

void print_search_result(Study& study, const Trial& best, const fs::path& folder, bool as_json) {
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
                                          {"fresh_val_accuracies", best.fresh_scores},
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
  if (!best.fresh_scores.empty())
    fmt::print("{:<20}{:.2f} % (mean of {}; decides the best trial)\n", "with fresh seeds",
               100 * best.final_score(), best.fresh_scores.size());
  for (std::size_t i = 0; i < settings.space.values.size(); ++i)
    fmt::print("  {:<32}{}\n", settings.space.values[i].path,
               value_text(value_at(settings.space.values[i], best.point[i])));
  fmt::print("{:<20}{}\n", "recipe", (folder / "best.toml").string());
  fmt::print("{:<20}{}\n", "page", (folder / "tune.html").string());
  fmt::print("{:<20}{}\n", "trials", study.name());
}

void write_study_page(Study& study, const std::optional<Trial>& best, const std::string& recipe,
                      const fs::path& folder) {
  const StudySettings& settings = study.settings();
  StudyContent content{
      .title = fmt::format("Tuning {} on {}", settings.recipe.name, settings.recipe.data),
      .recipe = recipe,
      .values = {},
      .trials = {},
      .best = best ? best->id : 0,
      .num_fresh_seeds = best ? std::ssize(best->fresh_scores) : 0};
  for (const SearchedValue& searched : settings.space.values)
    content.values.push_back(page_value(searched));
  for (const Trial& trial : study.trials()) {
    StudyTrial row{.id = trial.id,
                   .state = to_string(trial.state),
                   .score = trial.score,
                   .fresh_score = {},
                   .epochs = trial.epochs,
                   .seconds = trial.seconds,
                   .coordinates = trial.point,
                   .values = value_texts(settings.space, trial.point)};
    if (!trial.fresh_scores.empty()) row.fresh_score = trial.final_score();
    content.trials.push_back(std::move(row));
  }
  try {
    write_file_atomically(folder / "tune.html", render_study_html(content));
  } catch (const Error& error) {
    warn(fmt::format("cannot write the page of the study: {}", error.what()));
  }
}

}  // namespace digitry::app
