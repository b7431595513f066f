#pragma once

#include <cstdint>
#include <optional>

#include "digitry/evaluation/history.h"
#include "digitry/evaluation/robustness.h"
#include "digitry/model_io/model.h"
#include "digitry/tensor/tensor.h"
#include "digitry/training/evaluation_data.h"
#include "digitry/training/recipe.h"
#include "digitry/training/run.h"
#include "digitry/training/run_folder.h"

namespace digitry {

/// Images side by side: uint8 [rows · per_row, C, H, W]. Empty for none.
struct ImageRows {
  Tensor images = {};
  std::int64_t per_row = 0;
};

/// A run as its report shows it. What it refers to has to outlive it.
struct RunReport {
  const RunFolder& folder;
  const Recipe& recipe;
  const RunMetrics& metrics;
  const History& history;
  const Model& model;
  const Evaluation& evaluation;
  const Dataset& evaluated_on;
  const TrainingImages& trained_on;
  std::optional<Robustness> robustness = {};
  ImageRows corrupted = {};  ///< Evaluated images, each followed by corrupted versions of it.
};

/// Writes report.html and figures/ into the run's folder, with explanations of its mistakes.
/// Throws Error{kUnavailable} if gnuplot is missing, Error{kIo} if a file cannot be written.
void write_run_report(RunReport report);

/// A run that is read from its folder.
struct StoredRun {
  RunFolder folder;
  Recipe recipe;
  Model model;
  RunMetrics metrics;
  History history;
};

/// Reads a finished run. Throws Error{kBadData} if it is not finished or a file is damaged.
StoredRun read_run(const std::filesystem::path& path);

/// A stored run whose model was evaluated again, with all that its report needs.
struct EvaluatedRun {
  StoredRun run;
  EvaluationData images;  ///< Those that the run was evaluated on.
  Evaluation evaluation;
  TrainingImages trained_on;

  /// The report refers to this object.
  RunReport report() const;
};

/// Reads a finished run as `read_run` does, and evaluates its model on the images of before. Throws
/// Error{kBadData, kUnavailable} if these are not there any more or have changed.
EvaluatedRun evaluate_run(const std::filesystem::path& path);

}  // namespace digitry
