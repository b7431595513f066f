#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "apps/digitry/commands/evaluation_data.h"
#include "apps/digitry/commands/finish_run.h"
#include "digitry/training/recipe.h"

namespace digitry::app {

struct TrainRequest {
  Recipe recipe;
  std::string source;   ///< Where the recipe is from: begins messages about it.
  std::string out;      ///< Folder of the run; empty for the first free one of the recipe's name.
  bool resume = false;  ///< Go on with the run in `out`, by its own recipe.
  double checkpoint_seconds = 10;
  bool profile = false;
  FinishOptions finish;
};

struct TrainedRun {
  std::filesystem::path path;
  std::optional<Judged> judged;
  double seconds = 0;  ///< Of training, validation included.
};

/// One training from its data to its run's folder: trained, calibrated, judged, reported.
/// Throws Error{kInterrupted} after Ctrl-C, with what was learnt saved.
TrainedRun train_run(const TrainRequest& request);

}  // namespace digitry::app
