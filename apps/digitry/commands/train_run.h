#pragma once

#include <cstdint>
#include <string>

#include "digitry/report/run_report.h"
#include "digitry/training/run.h"

namespace digitry::app {

/// How `digitry train` shows a run.
struct TrainOutput {
  bool json = false;   ///< Print metrics.json, not a summary.
  bool report = true;  ///< Write report.html and figures/.
  bool print = true;   ///< Print the result at all.
};

/// Trains a run with a progress bar until it is finished or interrupted by Ctrl-C, prints the
/// result and writes the report. A missing report is a warning. Throws what digitry::train_run
/// throws.
TrainedRun train_and_report(const RunRequest& request, const TrainOutput& output);

/// The images of a report: training images with what the recipe's augmentation makes of them; none
/// if it augments nothing or the training images are not available.
ImageRows augmented_rows(const Recipe& recipe, const TrainingImages& trained);

/// The command line of this process, quoted for a shell.
std::string command_line();

}  // namespace digitry::app
