#pragma once

#include <filesystem>
#include <string>

#include "digitry/base/file.h"
#include "digitry/model_io/model.h"

namespace digitry::app {

/// A run: one training and all that is known of it, in one folder.
struct RunFolder {
  std::filesystem::path path;

  std::filesystem::path config() const { return path / "config.toml"; }
  std::filesystem::path history() const { return path / "history.csv"; }
  std::filesystem::path metrics() const { return path / "metrics.json"; }
  std::filesystem::path model() const { return path / "model.safetensors"; }
  std::filesystem::path checkpoint() const { return path / "checkpoint.safetensors"; }
  std::filesystem::path report() const { return path / "report.html"; }
  std::filesystem::path figures() const { return path / "figures"; }

  /// Trained and judged, as far as there is something to judge by: nothing is left to resume.
  bool finished() const;
};

/// A run that no other training of this machine can write into until this is destroyed.
struct HeldRun {
  RunFolder folder;
  Descriptor lock;
};

/// Makes and holds the folder for a new run: `out`, or where that is empty the first free one of
/// runs/<recipe_name>-001, -002... Throws Error{kInvalidArgument} where `out` has something in it
/// already (runs are never overwritten), Error{kUnavailable} where another training holds it.
HeldRun make_run_folder(const std::string& out, const std::string& recipe_name);

/// Makes the folder for several runs, as `make_run_folder` does for one.
std::filesystem::path make_series_folder(const std::string& out, const std::string& recipe_name);

/// Holds a run that is there, to go on with it, and clears away the temporary files of a training
/// that was killed. Throws Error{kBadData} where `path` holds no config.toml, Error{kUnavailable}
/// where another training holds it.
HeldRun hold_run_folder(const std::filesystem::path& path);

/// A run that is there, to be looked at. Throws Error{kBadData} where `path` holds no config.toml.
RunFolder open_run_folder(const std::filesystem::path& path);

/// The file of a model: that in a run's folder, or the path itself where it is no folder. Throws
/// Error{kBadData} for a folder without one.
std::filesystem::path model_file(const std::filesystem::path& path);

/// The model that a person means: a shipped one by its name, a file, or that of a run's folder. A
/// name wins over a file of that name, which is still found as `./tiny`.
/// Throws what `load_model` throws.
Model open_model(const std::string& name_or_path);

/// Whether there is a model by that name, or at least something there that claims to be one.
bool is_model(const std::string& name_or_path);

}  // namespace digitry::app
