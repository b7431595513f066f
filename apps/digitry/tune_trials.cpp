#include "apps/digitry/tune_trials.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <thread>

#include "apps/digitry/interrupt.h"
#include "apps/digitry/shell_word.h"
#include "apps/digitry/terminal.h"
#include "apps/digitry/tune_result.h"
#include "apps/digitry/worker_processes.h"
#include "digitry/base/error.h"
#include "digitry/base/parallel.h"
#include "digitry/report/text.h"

namespace digitry::app {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kRetrained = 3;
constexpr auto kPollInterval = std::chrono::milliseconds(200);

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

SearchEnd search_here(Study& study, const TuneOptions& options) {
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
SearchEnd search_by_workers(Study& study, const TuneOptions& options, const fs::path& folder) {
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

}  // namespace

SearchEnd search(Study& study, const TuneOptions& options, const fs::path& folder) {
  return options.workers > 1 ? search_by_workers(study, options, folder)
                             : search_here(study, options);
}

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

}  // namespace digitry::app
