#pragma once

#include <filesystem>
#include <string>

#include "digitry/base/file.h"
#include "digitry/model_io/model.h"

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

}  // namespace digitry
