#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "digitry/base/file.h"
#include "digitry/model_io/model.h"
#include "digitry/training/evaluation_data.h"

namespace digitry {

/// The folder of a run: one training and everything known about it.
struct RunFolder {
  std::filesystem::path path;

  std::filesystem::path config() const { return path / "config.toml"; }
  std::filesystem::path history() const { return path / "history.csv"; }
  std::filesystem::path metrics() const { return path / "metrics.json"; }
  std::filesystem::path model() const { return path / "model.safetensors"; }
  std::filesystem::path checkpoint() const { return path / "checkpoint.safetensors"; }
  std::filesystem::path report() const { return path / "report.html"; }
  std::filesystem::path figures() const { return path / "figures"; }

  /// Whether the model is trained and evaluated: there is nothing left to resume.
  bool finished() const;
};

/// A run that no other training on this machine can write into until this is destroyed.
struct HeldRun {
  RunFolder folder;
  Descriptor lock;
};

/// Makes and holds the folder for a new run: `out` or, if that is empty, the first free one of
/// runs/<recipe_name>-001, -002... Throws Error{kInvalidArgument} if `out` is not empty (runs are
/// never overwritten), Error{kUnavailable} if another training holds it.
HeldRun make_run_folder(const std::string& out, const std::string& recipe_name);

/// Makes the folder for several runs, as `make_run_folder` does for one.
std::filesystem::path make_series_folder(const std::string& out, const std::string& recipe_name);

/// Holds an existing run in order to resume it, and removes the temporary files of a training that
/// was killed. Throws Error{kBadData} if `path` holds no config.toml, Error{kUnavailable} if
/// another training holds it.
HeldRun hold_run_folder(const std::filesystem::path& path);

/// An existing run, to be read. Throws Error{kBadData} if `path` holds no config.toml.
RunFolder open_run_folder(const std::filesystem::path& path);

/// The file of a model: the one in a run's folder, or `path` itself if it is not a folder. Throws
/// Error{kBadData} for a folder without one.
std::filesystem::path model_file(const std::filesystem::path& path);

/// A model by what a user calls it: the name of a shipped one, a file, or a run's folder. A name
/// takes precedence over a file of that name, which is still found as `./tiny`.
/// Throws what `load_model` throws.
Model open_model(const std::string& name_or_path);

/// Whether `name_or_path` names a model, or at least something that looks like one.
bool is_model(const std::string& name_or_path);

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
