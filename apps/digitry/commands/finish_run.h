#pragma once

#include <optional>

#include "apps/digitry/commands/evaluation_data.h"
#include "apps/digitry/commands/run_folder.h"
#include "apps/digitry/commands/run_report.h"
#include "apps/digitry/commands/training_images.h"
#include "digitry/model_io/model.h"

namespace digitry::app {

struct FinishOptions {
  bool json = false;   ///< Print metrics.json, not a summary.
  bool report = true;  ///< Write report.html and figures/.
  bool print = true;   ///< Print the result at all.
};

/// Judges the trained model, if there are images to judge by, writes metrics.json and prints the
/// result; then the report, which is warned of where it cannot be written. Returns the judgement.
/// Throws Error{kIo} where metrics.json cannot be written.
std::optional<Judged> finish_run(const RunFolder& run, const FinishOptions& options,
                                 std::optional<JudgedImages> images, const TrainingFacts& facts,
                                 const Model& model, const TrainingImages& trained);

}  // namespace digitry::app
