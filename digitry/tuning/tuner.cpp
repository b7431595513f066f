#include "digitry/tuning/tuner.h"

#include <chrono>
#include <string>

#include "digitry/base/error.h"

namespace digitry {
namespace {

using Clock = std::chrono::steady_clock;

class Search {
 public:
  Search(Study& study, const Dataset& data, const TunerOptions& options,
         const TunerObserver& observer)
      : study_(study), data_(data), options_(options), observer_(observer) {}

  SearchEnd run() {
    while (true) {
      if (const auto end = ended()) return *end;
      std::optional<Trial> trial = study_.begin_trial(options_.num_trials);
      if (!trial) return SearchEnd::kFinished;
      if (observer_.on_begin) observer_.on_begin(*trial);
      run_trial(*trial);
      if (observer_.on_end) observer_.on_end(*trial);
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

  void run_trial(Trial& trial) {
    try {
      trial.state = train(trial);
    } catch (const Error& error) {
      // What the point brings about; anything else, like a full disk, ends the search.
      if (error.code() != ErrorCode::kDiverged && error.code() != ErrorCode::kBadData &&
          error.code() != ErrorCode::kShapeMismatch) {
        study_.end_trial(trial.id, TrialState::kWaiting);
        throw;
      }
      trial.state = TrialState::kFailed;
      trial.message = error.what();
    }
    study_.end_trial(trial.id, trial.state, trial.message);
  }

  // How it ended: finished, stopped by halving, or left to be begun again.
  TrialState train(Trial& trial) {
    const Recipe recipe = recipe_of(study_.settings(), trial);
    Trainer trainer(recipe, data_);
    bool stopped = false;
    TrainingObserver observer;
    observer.on_step = [&](const TrainingProgress& progress) {
      if (observer_.on_step) observer_.on_step(trial, progress);
    };
    observer.on_epoch = [&](const EpochRecord& epoch, bool best) {
      record(trial, epoch, best);
      stopped = trial.epochs < recipe.epochs && halving_stops(trial);
    };
    observer.should_stop = [&] { return stopped || ended().has_value(); };
    const TrainingEnd end = trainer.run(observer);
    if (end != TrainingEnd::kInterrupted) return TrialState::kFinished;
    return stopped ? TrialState::kStopped : TrialState::kWaiting;
  }

  void record(Trial& trial, const EpochRecord& epoch, bool best) {
    trial.epochs = epoch.epoch;
    trial.seconds = epoch.elapsed_seconds;
    if (best) {
      trial.score = *epoch.val_accuracy;
      trial.loss = *epoch.val_loss;
    }
    study_.record_epoch(trial.id, epoch.epoch, *epoch.val_accuracy, *epoch.val_loss,
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
  Clock::time_point start_ = Clock::now();
};

}  // namespace

SearchEnd run_trials(Study& study, const Dataset& data, const TunerOptions& options,
                     const TunerObserver& observer) {
  if (study.settings().recipe.validation == 0)
    throw Error(ErrorCode::kBadData,
                "tuning judges by validation images: want 'validation' above 0 in [training]");
  return Search(study, data, options, observer).run();
}

}  // namespace digitry
