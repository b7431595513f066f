#include "apps/digitry/run_folder.h"

#include <fmt/format.h>

#include <system_error>

#include "digitry/base/error.h"
#include "digitry/base/file.h"

namespace digitry::app {
namespace fs = std::filesystem;
namespace {

constexpr int kMaxNumberedRuns = 100'000;

RunFolder first_free_run(const std::string& recipe_name) {
  make_folder("runs");
  for (int number = 1; number < kMaxNumberedRuns; ++number) {
    const fs::path path = fs::path("runs") / fmt::format("{}-{:03}", recipe_name, number);
    std::error_code error;
    // Creating is the test: two runs started at once never share a folder.
    if (fs::create_directory(path, error)) return {path};
    if (error)
      throw Error(ErrorCode::kIo, "cannot create folder {}: {}", path.string(), error.message());
  }
  throw Error(ErrorCode::kIo, "runs/: no free name for a run of '{}'", recipe_name);
}

}  // namespace

bool RunFolder::finished() const { return path_exists(metrics()) && !path_exists(checkpoint()); }

RunFolder make_run_folder(const std::string& out, const std::string& recipe_name) {
  if (out.empty()) return first_free_run(recipe_name);
  const fs::path path(out);
  if (path_exists(path) && (!is_folder(path) || !list_folder(path).empty()))
    throw Error(ErrorCode::kInvalidArgument,
                "{} exists already and is never overwritten; choose another --out, or go on with "
                "an interrupted run by --resume",
                out);
  make_folder(path);
  return {path};
}

RunFolder open_run_folder(const fs::path& path) {
  RunFolder run{path};
  if (!path_exists(run.config()))
    throw Error(ErrorCode::kBadData, "{}: not a run (no config.toml in it)", path.string());
  return run;
}

fs::path model_path(const fs::path& path) {
  if (!is_folder(path)) return path;
  if (!path_exists(RunFolder{path}.model()))
    throw Error(ErrorCode::kBadData, "{}: no model.safetensors in this folder", path.string());
  return RunFolder{path}.model();
}

}  // namespace digitry::app
