#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "digitry/evaluation/history.h"
#include "digitry/model_io/model.h"
#include "digitry/training/evaluation_data.h"
#include "digitry/training/recipe.h"
#include "digitry/training/run_folder.h"
#include "digitry/training/trainer.h"

// A run: a training that leaves its folder behind, and can be interrupted and resumed. `fit`
// (training/fit.h) makes the same model in memory.

namespace digitry {

struct RunRequest {
  Recipe recipe;
  std::string source;   ///< Where the recipe is from: begins messages about it.
  std::string out;      ///< The run's folder; empty for the first free one of the recipe's name.
  bool resume = false;  ///< Continue the run in `out`, by its own recipe.
  double checkpoint_seconds = 10;
  bool profile = false;   ///< Measure each operation: see Plan::profile.
  std::string command{};  ///< The command line, for metrics.json.
};

/// What a run reports and asks; empty functions are not called.
struct RunObserver {
  std::function<void(const TrainingProgress&)> on_step = {};
  std::function<void(const EpochRecord&, bool best)> on_epoch = {};
  std::function<bool()> should_stop = {};
  /// Before the first step of one network.
  std::function<void(const Trainer&)> on_start = {};
  /// After the last step of one network, before it is calibrated.
  std::function<void(const Trainer&, TrainingEnd)> on_trained = {};
  /// Before network `index` (from 0) of `count` is trained or, if it is trained already, loaded.
  std::function<void(std::int64_t index, std::int64_t count)> on_member = {};
};

/// A finished run, in memory as well as in its folder.
struct TrainedRun {
  HeldRun held;
  Recipe recipe;
  Model model;
  History history;  ///< Empty for several networks, each of which has its own.
  TrainingFacts facts;
  std::string metrics;                           ///< The text of metrics.json.
  std::optional<EvaluationData> evaluated_on;    ///< Nothing if there are no labelled images.
  std::optional<EvaluationResult> evaluation{};  ///< Of these.
  TrainingImages trained_on;
};

/// Trains what the recipe says, calibrates, evaluates, and writes the run's folder: config.toml,
/// history.csv, model.safetensors, metrics.json, and while it trains a checkpoint.
///
/// Several networks (`Recipe::members` = M) are trained one after the other, each as a run of its
/// own in RUN/members/N, with the same validation images and seed S·M + N, S being the recipe's; an
/// interrupted run continues with the network that was interrupted.
/// If history or checkpoint cannot be written (the disk is full), training goes on, and a warning
/// is logged. Throws Error{kInterrupted} if the observer stops it, with what was learnt saved;
/// Error{kDiverged} with the last good state saved; and what its parts throw, bad recipes and data
/// before anything is written.
TrainedRun train_run(const RunRequest& request, const RunObserver& observer = {});

}  // namespace digitry
