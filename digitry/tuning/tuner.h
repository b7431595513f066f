#pragma once

#include <cstdint>
#include <functional>

#include "digitry/data/dataset.h"
#include "digitry/training/trainer.h"
#include "digitry/tuning/halving.h"
#include "digitry/tuning/study.h"

namespace digitry {

struct TunerOptions {
  std::int64_t num_trials = 1;    ///< In all, those of other processes included.
  double time_limit_seconds = 0;  ///< After it no trial is begun, and running ones wait; 0: none.
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
/// Throws Error{kBadData} where the recipe sets no validation images aside, and what Study and
/// Trainer throw otherwise.
SearchEnd run_trials(Study& study, const Dataset& data, const TunerOptions& options,
                     const TunerObserver& observer);

}  // namespace digitry
