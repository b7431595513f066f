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

/// The folder of a run, which has all files of one training.
struct RunFolder {
  std::filesystem::path path;

  std::filesystem::path config() const { return path / "config.toml"; }
  std::filesystem::path history() const { return path / "history.csv"; }
  std::filesystem::path metrics() const { return path / "metrics.json"; }
  std::filesystem::path model() const { return path / "model.safetensors"; }
  std::filesystem::path checkpoint() const { return path / "checkpoint.safetensors"; }
  std::filesystem::path report() const { return path / "report.html"; }
  std::filesystem::path figures() const { return path / "figures"; }

  /// Whether the model is trained and evaluated, so that there is nothing to resume.
  bool finished() const;
};

/// A locked run: no other training on this machine can write to it until this object is destroyed.
struct HeldRun {
  RunFolder folder;
  Descriptor lock;
};

/// Makes and locks the folder for a new run: `out` or, if that is empty, the first free one of
/// runs/<recipe_name>-001, -002... Throws Error{kInvalidArgument} if `out` is not empty (runs are
/// never overwritten), Error{kUnavailable} if another training has locked it.
HeldRun make_run_folder(const std::string& out, const std::string& recipe_name);

/// Makes the folder for several runs. Throws what `make_run_folder` throws.
std::filesystem::path make_series_folder(const std::string& out, const std::string& recipe_name);

/// Locks an existing run to resume it, and removes the temporary files of a training that was
/// killed. Throws Error{kBadData} if `path` contains no config.toml, Error{kUnavailable} if another
/// training has locked it.
HeldRun hold_run_folder(const std::filesystem::path& path);

/// An existing run, for reading. Throws Error{kBadData} if `path` contains no config.toml.
RunFolder open_run_folder(const std::filesystem::path& path);

/// The file of a model: that in the folder of a run, or `path` itself if it is not a folder. Throws
/// Error{kBadData} for a folder without a model.
std::filesystem::path model_file(const std::filesystem::path& path);

/// Loads a model: a shipped one by its name, a file, or the folder of a run. A shipped name takes
/// precedence over a file of the same name, which can be given as `./tiny`.
/// Throws what `load_model` throws.
Model open_model(const std::string& name_or_path);

/// Whether `name_or_path` is a model or looks like one; the content is not checked.
bool is_model(const std::string& name_or_path);

/// Figures of a training, besides its model and history.
struct TrainingFacts {
  double seconds = 0;  ///< Of training, including validation.
  std::int64_t num_steps = 0;
  std::int64_t num_epochs = 0;
  std::int64_t best_epoch = 0;  ///< From 1; 0 if there was no validation.
  std::int64_t num_train = 0;
  std::int64_t num_validation = 0;
  int num_threads = 0;
  /// If training went on with fewer, because other programs used the processors.
  std::optional<int> fewest_threads = {};
  std::int64_t num_networks = 1;
};

using Facts = std::vector<std::pair<std::string, std::string>>;  ///< Label and value, in order.

/// A run's metrics.json without its evaluation.
struct RunMetrics {
  std::string split;  ///< The split that the model was evaluated on; empty if it was not evaluated.
  std::string command;  ///< The command line that made the run, or empty.
  double seconds = 0;   ///< Of training; 0 if missing in the file.
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

/// Parses the output of `metrics_json`; missing entries stay empty. Throws Error{kBadData}, with a
/// message that begins with `source`, if the text is not a JSON object.
RunMetrics parse_run_metrics(std::string_view text, const std::string& source);

/// Reads metrics.json of a finished run. Throws Error{kBadData} if the run is not finished.
RunMetrics read_run_metrics(const RunFolder& run);

/// The split of `metrics`. Throws Error{kBadData}, naming `run`, if the model was not evaluated.
const std::string& evaluated_split(const RunFolder& run, const RunMetrics& metrics);

}  // namespace digitry
