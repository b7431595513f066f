#include "digitry/training/run_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <system_error>
#include <utility>

#include "digitry/base/error.h"
#include "digitry/base/file.h"
#include "digitry/model_io/shipped_models.h"

namespace digitry {
namespace fs = std::filesystem;
namespace {

constexpr int kMaxNumberedRuns = 100'000;

// The lock is the folder's own: no file of it is left behind, and it ends with the process.
HeldRun hold(RunFolder run) {
  Descriptor lock(::open(run.path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (lock.get() < 0)
    throw Error(ErrorCode::kIo, "{}: {}", run.path.string(), std::strerror(errno));
  // File systems without locks have to do without.
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
    throw Error(ErrorCode::kUnavailable,
                "{}: another training holds this run; wait until it ends, or choose another folder "
                "(--out)",
                run.path.string());
  return {std::move(run), std::move(lock)};
}

void remove_leftovers_in(const RunFolder& run) {
  for (const fs::path& file :
       {run.config(), run.history(), run.metrics(), run.model(), run.checkpoint(), run.report()})
    remove_leftovers(file);
  for (const char* name : {"curves", "confusion", "reliability", "mistakes"})
    for (const char* ending : {".svg", ".png"})
      remove_leftovers(run.figures() / (std::string(name) + ending));
}

fs::path first_free_run(const std::string& recipe_name) {
  make_folder("runs");
  for (int number = 1; number < kMaxNumberedRuns; ++number) {
    fs::path path = fs::path("runs") / fmt::format("{}-{:03}", recipe_name, number);
    std::error_code error;
    // Creating is the test: two runs started at once never share a folder.
    if (fs::create_directory(path, error)) return path;
    if (error)
      throw Error(ErrorCode::kIo, "cannot create folder {}: {}", path.string(), error.message());
  }
  throw Error(ErrorCode::kIo, "runs/: no free name for a run of '{}'", recipe_name);
}

}  // namespace

bool RunFolder::finished() const { return path_exists(metrics()) && !path_exists(checkpoint()); }

HeldRun make_run_folder(const std::string& out, const std::string& recipe_name) {
  if (out.empty()) return hold({first_free_run(recipe_name)});
  const fs::path path(out);
  const auto taken = [&] {
    return Error(ErrorCode::kInvalidArgument,
                 "{} already exists and is never overwritten; choose another folder (--out), or "
                 "continue an interrupted run with --resume",
                 out);
  };
  if (path_exists(path) && !is_folder(path)) throw taken();
  make_folder(path);
  HeldRun run = hold({path});
  // A training that was killed before its first file may have left half of that.
  remove_leftovers(run.folder.config());
  if (!list_folder(path).empty()) throw taken();
  return run;
}

fs::path make_series_folder(const std::string& out, const std::string& recipe_name) {
  return make_run_folder(out, recipe_name).folder.path;
}

HeldRun hold_run_folder(const fs::path& path) {
  HeldRun run = hold(open_run_folder(path));
  remove_leftovers_in(run.folder);
  return run;
}

RunFolder open_run_folder(const fs::path& path) {
  RunFolder run{path};
  if (!path_exists(run.config()))
    throw Error(ErrorCode::kBadData, "{}: not a run (no config.toml in it)", path.string());
  return run;
}

fs::path model_file(const fs::path& path) {
  if (!is_folder(path)) return path;
  const RunFolder run{path};
  if (!path_exists(run.model()))
    throw Error(ErrorCode::kBadData, "{}: no model.safetensors in this folder", path.string());
  return run.model();
}

Model open_model(const std::string& name_or_path) {
  if (is_shipped_model(name_or_path)) return shipped_model(name_or_path);
  return load_model(model_file(name_or_path));
}

bool is_model(const std::string& name_or_path) {
  if (is_shipped_model(name_or_path) || name_or_path.ends_with(".safetensors")) return true;
  const RunFolder run{name_or_path};
  if (is_folder(name_or_path)) return path_exists(run.model()) || path_exists(run.config());
  std::error_code error;
  if (!fs::is_regular_file(name_or_path, error)) return false;
  // The header's length, 8 bytes, and its opening brace.
  std::array<char, 9> head{};
  std::ifstream file(name_or_path, std::ios::binary);
  return file.read(head.data(), head.size()) && head.back() == '{';
}

}  // namespace digitry
