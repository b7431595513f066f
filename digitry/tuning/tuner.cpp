#include "digitry/tuning/tuner.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "digitry/base/error.h"
#include "digitry/base/log.h"
#include "digitry/tuning/heartbeat.h"

namespace digitry {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kWaitForOthers = std::chrono::milliseconds(250);

// Whether the point of the trial caused the error, as opposed to the environment.
bool is_of_the_point(const Error& error) {
  return error.code() == ErrorCode::kDiverged || error.code() == ErrorCode::kBadData ||
         error.code() == ErrorCode::kShapeMismatch;
}

class Search {
 public:
  Search(Study& study, const Dataset& data, const TunerOptions& options,
         const TunerObserver& observer, Communicator& ranks)
      : study_(study),
        data_(data),
        options_(options),
        observer_(observer),
        ranks_(ranks),
        heartbeat_(study) {}

  SearchEnd run() {
    while (true) {
      if (const auto end = ended()) return *end;
      std::optional<Trial> trial = study_.begin_trial();
      if (!trial) {
        // Trials that others run are lost if those end: then this process continues them.
        const std::int64_t num_open = study_.num_open();
        if (num_open == 0) return SearchEnd::kFinished;
        if (observer_.on_wait) observer_.on_wait(num_open);
        std::this_thread::sleep_for(kWaitForOthers);
        continue;
      }
      if (observer_.on_begin) observer_.on_begin(*trial);
      heartbeat_.set_trial(trial->id);
      const bool recorded = run_trial(*trial);
      heartbeat_.set_trial(0);
      if (recorded && observer_.on_end) observer_.on_end(*trial);
      if (!recorded)
        log(LogLevel::kWarning,
            format_message("{}: trial {} was taken over by another process, because this one had "
                           "not reported for too long",
                           study_.name(), trial->id));
    }
  }

 private:
  std::optional<SearchEnd> ended() const {
    if (observer_.should_stop && observer_.should_stop()) return SearchEnd::kInterrupted;
    const std::chrono::duration<double> taken = Clock::now() - start_;
    if (options_.time_limit_seconds > 0 && taken.count() >= options_.time_limit_seconds)
      return SearchEnd::kTimeOver;
    return std::nullopt;
  }

  // False if the trial was taken over.
  bool run_trial(Trial& trial) {
    try {
      trial.state = train(trial);
    } catch (const Error& error) {
      // Other errors, such as a full disk, end the search.
      if (!is_of_the_point(error)) {
        try {
          study_.end_trial(trial.id, TrialState::kWaiting);
        } catch (const Error&) {
          // The study itself cannot be reached: another process will take the trial over.
        }
        throw;
      }
      trial.state = TrialState::kFailed;
      trial.message = error.what();
    }
    return study_.end_trial(trial.id, trial.state, trial.message);
  }

  // How the trial ended: finished, stopped by halving, or waiting after an interruption.
  TrialState train(Trial& trial) {
    const Recipe recipe = recipe_of(study_.settings(), trial);
    broadcast(ranks_, to_toml(recipe));
    Trainer trainer(recipe, data_, ranks_);
    bool stopped = false;
    bool taken_over = false;
    TrainingObserver observer;
    observer.on_step = [&](const TrainingProgress& progress) {
      if (observer_.on_step) observer_.on_step(trial, progress);
    };
    observer.on_epoch = [&](const EpochRecord& epoch, bool best) {
      taken_over = !record(trial, epoch, best);
      stopped = !taken_over && trial.epochs < recipe.epochs && halving_stops(trial);
    };
    observer.should_stop = [&] {
      return stopped || taken_over || (observer_.should_stop && observer_.should_stop());
    };
    const TrainingEnd end = trainer.run(observer);
    if (end != TrainingEnd::kInterrupted) return TrialState::kFinished;
    return stopped ? TrialState::kStopped : TrialState::kWaiting;
  }

  bool record(Trial& trial, const EpochRecord& epoch, bool best) {
    trial.epochs = epoch.epoch;
    trial.seconds = epoch.elapsed_seconds;
    if (best) {
      trial.score = *epoch.val_accuracy;
      trial.loss = *epoch.val_loss;
    }
    return study_.record_epoch(trial.id, epoch.epoch, *epoch.val_accuracy, *epoch.val_loss,
                               epoch.elapsed_seconds);
  }

  bool halving_stops(const Trial& trial) {
    if (!study_.settings().stops_trials || !options_.halving.is_rung(trial.epochs)) return false;
    return options_.halving.stops(trial.score, study_.other_scores(trial.id, trial.epochs));
  }

  Study& study_;
  const Dataset& data_;
  const TunerOptions& options_;
  const TunerObserver& observer_;
  Communicator& ranks_;
  Heartbeat heartbeat_;
  Clock::time_point start_ = Clock::now();
};

// What the first rank sends to the others after the last trial: this and the end of the search.
constexpr std::string_view kEnded = "ended ";

// Trains what the first rank of the group has taken, until its search is over.
SearchEnd help_trials(const Dataset& data, const TunerObserver& observer, Communicator& ranks) {
  while (true) {
    const std::string order = broadcast(ranks, "");
    if (order.starts_with(kEnded)) return static_cast<SearchEnd>(order.at(kEnded.size()) - '0');
    try {
      Trainer trainer(parse_recipe(order, "trial"), data, ranks);
      trainer.run({.should_stop = observer.should_stop});
    } catch (const Error& error) {  // The first rank throws it, too, and records it.
      if (!is_of_the_point(error)) throw;
    }
  }
}

// The best validation accuracy of one training; nothing if it was interrupted.
std::optional<double> score_of(const Recipe& recipe, const Dataset& data, const Trial& trial,
                               const TunerObserver& observer) {
  double score = 0;
  TrainingObserver watching;
  watching.should_stop = observer.should_stop;
  watching.on_step = [&](const TrainingProgress& progress) {
    if (observer.on_step) observer.on_step(trial, progress);
  };
  watching.on_epoch = [&](const EpochRecord& epoch, bool best) {
    if (best) score = *epoch.val_accuracy;
  };
  try {
    if (Trainer(recipe, data).run(watching) == TrainingEnd::kInterrupted) return std::nullopt;
  } catch (const Error& error) {
    if (!is_of_the_point(error)) throw;
    return 0;
  }
  return score;
}

void check_data(const Study& study, const Dataset& data) {
  const std::string& wanted = study.settings().data_sha256;
  if (!wanted.empty() && wanted != data.sha256)
    throw Error(ErrorCode::kBadData,
                "{}: the training images differ from those of the study, so trials cannot be "
                "compared; start a new study",
                data.name);
  check_tunable(study.settings().recipe, data);
}

}  // namespace

void check_tunable(const Recipe& recipe, const Dataset& data) {
  if (split_by(recipe, data).validation.empty())
    throw Error(ErrorCode::kBadData,
                "{}: tuning needs validation images, but validation = {} in [training] sets none "
                "aside; increase it",
                data.name, recipe.validation);
}

SearchEnd run_trials(Study& study, const Dataset& data, const TunerOptions& options,
                     const TunerObserver& observer, Communicator& ranks) {
  check_data(study, data);
  if (!ranks.is_first()) return help_trials(data, observer, ranks);
  const SearchEnd end = Search(study, data, options, observer, ranks).run();
  broadcast(ranks, fmt::format("{}{}", kEnded, static_cast<int>(end)));
  return end;
}

SearchEnd retrain_best(Study& study, const Dataset& data, const RetrainOptions& options,
                       const TunerObserver& observer) {
  check_data(study, data);
  const StudySettings& settings = study.settings();
  // Sorts by the score of the search, so that a trial that was retrained is chosen again.
  std::vector<Trial> best = study.ranking();
  std::ranges::stable_sort(best, [](const Trial& a, const Trial& b) {
    return std::pair(-a.score, a.loss) < std::pair(-b.score, b.loss);
  });
  best.resize(std::min(best.size(), options.num_trials));
  // Other processes may do the same.
  const auto refresh = [&](Trial& trial) {
    for (const Trial& each : study.trials())
      if (each.id == trial.id) trial.fresh_scores = each.fresh_scores;
  };
  for (Trial& trial : best) {
    while (std::ssize(trial.fresh_scores) < options.num_seeds) {
      const std::int64_t number = std::ssize(trial.fresh_scores) + 1;
      Recipe recipe = recipe_of(settings, trial);
      recipe.seed = settings.recipe.seed + static_cast<std::uint64_t>(number);
      recipe.split_seed.reset();
      const std::optional<double> score = score_of(recipe, data, trial, observer);
      if (!score) return SearchEnd::kInterrupted;
      study.record_fresh_score(trial.id, number, *score);
      refresh(trial);
    }
    if (observer.on_end) observer.on_end(trial);
  }
  return SearchEnd::kFinished;
}

}  // namespace digitry
