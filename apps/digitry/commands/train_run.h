#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "digitry/report/run_report.h"
#include "digitry/training/run.h"

namespace digitry::app {

/// How `digitry train` runs, and what it shows.
struct TrainOutput {
  bool json = false;   ///< Print metrics.json instead of a summary.
  bool report = true;  ///< Write report.html and figures/.
  bool print = true;   ///< Whether to print the result.
  /// Where to write TensorBoard's event files: a folder, or "" for the folder of the run.
  std::optional<std::string> tensorboard = {};
  /// Go on with fewer threads while other programs use the processors. The last bits of the weights
  /// then depend on those programs.
  bool spare_processors = false;
};

/// Trains a run with a progress bar until it is finished or interrupted by Ctrl-C, prints the
/// result and writes the report. A missing report is a warning. Throws what digitry::train_run
/// throws.
/// Only the first rank returns the run.
std::optional<TrainedRun> train_and_report(const RunRequest& request, const TrainOutput& output,
                                           Communicator& ranks);

/// The command line of this process, quoted for a shell.
std::string command_line();

}  // namespace digitry::app
