#pragma once

#include <optional>
#include <string>

#include "apps/digitry/commands/evaluation_data.h"
#include "apps/digitry/commands/run_folder.h"
#include "apps/digitry/commands/training_images.h"
#include "digitry/data/dataset.h"
#include "digitry/evaluation/history.h"
#include "digitry/evaluation/robustness.h"
#include "digitry/model_io/model.h"
#include "digitry/training/trainer.h"

namespace digitry::app {

/// What a training leaves behind beside its model and history.
struct TrainingFacts {
  double seconds = 0;  ///< Of training, validation included.
  std::int64_t num_steps = 0;
  std::int64_t num_epochs = 0;
  std::int64_t best_epoch = 0;
  std::int64_t num_train = 0;
  std::int64_t num_validation = 0;
  int num_threads = 0;
  std::int64_t num_networks = 1;
};

/// The text of a run's metrics.json: `split` judged, `evaluation`, `training`, `environment`,
/// `data`, `command`. Where the model was not judged, `split` and `evaluation` are null.
std::string metrics_json(const std::optional<Judged>& judged, const Model& model,
                         const TrainingFacts& facts);

/// The split that a run's metrics.json is about. Throws Error{kBadData} where the run is not
/// finished, or was not judged.
std::string judged_split(const RunFolder& run);

/// "seconds", "steps" or another number of a run's training, as its metrics.json has it; 0 where it
/// tells none.
double training_figure(const RunFolder& run, const std::string& name);

/// Writes report.html and figures/ of a run from its files, the images it was judged on and, as far
/// as they are at hand, those it was trained on. `robustness` is of the judged images.
/// Throws Error{kUnavailable} where gnuplot is missing.
void write_report(const RunFolder& run, const Model& model, const Evaluation& evaluation,
                  Dataset judged, const TrainingImages& trained,
                  std::optional<Robustness> robustness = {});

/// The command line of this process, quoted for a shell.
std::string command_line();

}  // namespace digitry::app
