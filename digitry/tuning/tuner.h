#pragma once

#include <cstdint>
#include <functional>

#include "digitry/base/communicator.h"
#include "digitry/data/dataset.h"
#include "digitry/training/trainer.h"
#include "digitry/tuning/sampler.h"
#include "digitry/tuning/study.h"

namespace digitry {

struct TunerOptions {
  double time_limit_seconds = 0;  ///< No trial is started after it; 0: no limit.
  SuccessiveHalving halving;
};

/// Callbacks of a search; empty ones are not called.
struct TunerObserver {
  std::function<void(const Trial&)> on_begin;
  std::function<void(const Trial&, const TrainingProgress&)> on_step;
  std::function<void(const Trial&)> on_end;
  /// Called several times a second while this process waits for trials of others.
  std::function<void(std::int64_t num_trials)> on_wait;
  /// Called after every training step; true interrupts the trial, which stays waiting.
  std::function<bool()> should_stop;
};

enum class SearchEnd { kFinished, kTimeOver, kInterrupted };

/// Runs trials of `study` until all have ended, those of other processes too, which it continues if
/// they are lost (see `Study`): each trains the recipe at its point on `data` and is
/// scored on the validation images. The test images are not used. A trial fails if the recipe at
/// its point is invalid or the training diverges. Throws Error{kBadData} if `data` differs from the
/// study's data or the recipe has no validation images, and as Study and Trainer do.
///
/// Several ranks train each trial together; each passes the same study and data. Only the first one
/// takes trials, records them, and calls `on_begin`, `on_step`, `on_end` and `on_wait`; every rank
/// calls `should_stop`. All return the same. An error of the study throws on the first rank alone.
SearchEnd run_trials(Study& study, const Dataset& data, const TunerOptions& options,
                     const TunerObserver& observer, Communicator& ranks = one_rank());

struct RetrainOptions {
  std::size_t num_trials = 3;  ///< Number of best trials to retrain.
  std::int64_t num_seeds = 1;  ///< Fresh seeds per trial.
};

/// Retrains the best trials with fresh seeds (those after the study's), and so with other
/// validation images: the score of a search's winner is biased upwards. Records each score in the
/// study and continues where it was interrupted. Calls `observer.on_end` per trial. Throws as
/// `run_trials`.
SearchEnd retrain_best(Study& study, const Dataset& data, const RetrainOptions& options,
                       const TunerObserver& observer);

/// Throws Error{kBadData} if `recipe` sets aside no validation images of `data`, so that trials
/// could not be compared.
void check_tunable(const Recipe& recipe, const Dataset& data);

}  // namespace digitry
