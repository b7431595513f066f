#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "digitry/base/communicator.h"
#include "digitry/evaluation/history.h"
#include "digitry/model_io/model.h"
#include "digitry/training/evaluation_data.h"
#include "digitry/training/recipe.h"
#include "digitry/training/run_folder.h"
#include "digitry/training/trainer.h"

// A run is a training with a folder for its results. It can be interrupted and resumed. `fit`
// (training/fit.h) makes the same model in memory only.

namespace digitry {

struct RunRequest {
  Recipe recipe;
  std::string source;  ///< Origin of the recipe: error messages about it begin with this.
  std::string out;  ///< Folder of the run; empty for the first free folder named after the recipe.
  bool resume = false;  ///< Continue the run in `out` with its own recipe.
  double checkpoint_seconds = 10;
  bool profile = false;   ///< Measure each operation: see Plan::profile.
  std::string command{};  ///< The command line, for metrics.json.
  /// Called on the first rank with the folders of the networks of an ensemble that are not trained,
  /// before they are trained one after the other. It may train any of them, for instance in other
  /// processes, by a request to resume: each folder has its recipe.
  std::function<void(const std::vector<std::filesystem::path>& folders)> train_members = {};
};

/// Functions that a run calls; empty functions are not called.
struct RunObserver {
  std::function<void(const TrainingProgress&)> on_step = {};
  std::function<void(const EpochRecord&, bool best)> on_epoch = {};
  std::function<bool()> should_stop = {};
  /// As TrainingObserver::num_threads.
  std::function<int()> num_threads = {};
  /// Before the first step of one network, with the folder that its files are written to.
  std::function<void(const Trainer&, const RunFolder&)> on_start = {};
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
  History history;  ///< Empty for several networks: each has its own.
  TrainingFacts facts;
  std::string metrics;                           ///< The text of metrics.json.
  std::optional<EvaluationData> evaluated_on;    ///< Empty if there are no labelled images.
  std::optional<EvaluationResult> evaluation{};  ///< On `evaluated_on`.
  TrainingImages trained_on;
};

/// Trains, calibrates and evaluates a model, and writes the folder of the run: config.toml,
/// history.csv, model.safetensors, metrics.json, and during training a checkpoint.
///
/// Several networks (`Recipe::members` = M) are trained one after the other, each as a separate run
/// in RUN/members/N, with the same validation images and seed S·M + N, where S is the seed of the
/// recipe. A resumed run continues with the interrupted network. If history or checkpoint cannot be
/// written (the disk is full), training continues and a warning is logged.
/// Throws Error{kInterrupted} if the observer stops the training, after saving the model so far;
/// Error{kDiverged} after saving the last good state; and what its parts throw. Invalid recipes and
/// data throw before anything is written.
TrainedRun train_run(const RunRequest& request, const RunObserver& observer = {});

/// The same by several ranks, which train each network together (Trainer); all pass the same
/// request. Only the first rank reads and writes the folder, calls `on_step`, `on_epoch` and
/// `on_trained`, and returns the run. Every rank calls `should_stop` and needs the data. A run may
/// be resumed by another number of ranks. Errors are those of all ranks together (`collectively`).
std::optional<TrainedRun> train_run(const RunRequest& request, const RunObserver& observer,
                                    Communicator& ranks);

}  // namespace digitry
