#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "digitry/model_io/model.h"
#include "digitry/training/evaluation_data.h"
#include "digitry/training/run_folder.h"

namespace digitry {

/// What a training took, besides its model and history.
struct TrainingFacts {
  double seconds = 0;  ///< Of training, validation included.
  std::int64_t num_steps = 0;
  std::int64_t num_epochs = 0;
  std::int64_t best_epoch = 0;  ///< From 1; 0 if there was no validation.
  std::int64_t num_train = 0;
  std::int64_t num_validation = 0;
  int num_threads = 0;
  std::int64_t num_networks = 1;
};

using Facts = std::vector<std::pair<std::string, std::string>>;  ///< Label and value, in order.

/// A run's metrics.json without its evaluation.
struct RunMetrics {
  std::string split;    ///< What the model was evaluated on; empty if it was not evaluated.
  std::string command;  ///< The command line that made the run, or empty.
  double seconds = 0;   ///< Of training; 0 if the file does not say.
  std::int64_t num_steps = 0;
  std::int64_t best_epoch = 0;
  Facts training;     ///< Seconds, steps, numbers of images...
  Facts environment;  ///< Processor, threads, version, kernels...
  Facts data;         ///< Name and hashes.
};

/// The text of metrics.json: `split`, `evaluation`, `training`, `environment`, `data`, `command`.
/// Without a result, `split` and `evaluation` are null.
std::string metrics_json(const std::optional<EvaluationResult>& result, const Model& model,
                         const TrainingFacts& facts, const std::string& command);

/// Parses what `metrics_json` wrote; what is missing stays empty. Throws Error{kBadData} that
/// begins with `source` if it is not a JSON object.
RunMetrics parse_run_metrics(std::string_view text, const std::string& source);

/// Reads the metrics.json of a finished run. Throws Error{kBadData} if the run is not finished.
RunMetrics read_run_metrics(const RunFolder& run);

/// The split of `metrics`. Throws Error{kBadData}, naming `run`, if the model was not evaluated.
const std::string& evaluated_split(const RunFolder& run, const RunMetrics& metrics);

}  // namespace digitry
