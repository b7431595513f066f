#pragma once

#include <cstdint>
#include <functional>

#include "digitry/data/dataset.h"
#include "digitry/training/trainer.h"
#include "digitry/tuning/sampler.h"
#include "digitry/tuning/study.h"

namespace digitry {

struct TunerOptions {
  double time_limit_seconds = 0;  ///< After it no trial is begun; 0: none.
  SuccessiveHalving halving;
};

/// What a search tells and asks; empty functions are not called.
struct TunerObserver {
  std::function<void(const Trial&)> on_begin;
  std::function<void(const Trial&, const TrainingProgress&)> on_step;
  std::function<void(const Trial&)> on_end;
  /// Asked after every step of a training; true leaves its trial to be begun again.
  std::function<bool()> should_stop;
};

enum class SearchEnd { kFinished, kTimeOver, kInterrupted };

/// Begins and ends trials of `study` until there are none left to begin: each trains the recipe at
/// its point on `data`, judged on the validation images alone. A point whose recipe is none, or
/// whose training diverges, is a failed trial.
/// Throws Error{kBadData} where `data` are not those of the study or the recipe sets none of them
/// aside for validation, and what Study and Trainer throw otherwise.
SearchEnd run_trials(Study& study, const Dataset& data, const TunerOptions& options,
                     const TunerObserver& observer);

struct RetrainOptions {
  std::size_t num_trials = 3;  ///< How many of the best.
  std::int64_t num_seeds = 1;  ///< Fresh scores that each is to have.
};

/// Trains the best trials again, with the seeds after the study's own (and so other validation
/// images): the winner of a search was lucky, too. Goes on where it was interrupted, and keeps each
/// score in the study. `observer.on_end` is told of each of these trials. Throws as `run_trials`.
SearchEnd retrain_best(Study& study, const Dataset& data, const RetrainOptions& options,
                       const TunerObserver& observer);

/// Throws Error{kBadData} where trials of `recipe` could not be judged: it sets none of `data`
/// aside for validation.
void check_tunable(const Recipe& recipe, const Dataset& data);

}  // namespace digitry
