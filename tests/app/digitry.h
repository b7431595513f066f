#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "digitry/base/file.h"
#include "tests/app/small_mnist.h"
#include "tests/support/process.h"

namespace digitry::test {

/// A minimal recipe for images of any size and classes.
inline constexpr const char* kTinyRecipe = R"(
[[layers]]
type = "flatten"
[[layers]]
type = "dense"
out_features = "classes"
)";

/// Runs the command of this build, on one thread: several tests may share the processors,
/// and waiting threads spin.
inline CommandResult digitry(std::vector<std::string> arguments, CommandOptions options = {}) {
  arguments.insert(arguments.begin(), "digitry");
  options.environment.emplace_back("OMP_NUM_THREADS", "1");
  return run_command(std::move(arguments), options);
}

/// The arguments of a small training, one epoch long, without a report.
inline std::vector<std::string> small_training(const std::string& out,
                                               std::vector<std::string> more = {}) {
  std::vector<std::string> arguments{
      "train", "--recipe", "notebook",   "--data", small_mnist().string(),
      "--out", out,        "--no-report"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

/// All of a file that the command wrote.
inline std::string file_bytes(const std::filesystem::path& path) {
  return read_file(path, std::uint64_t{1} << 30);
}

}  // namespace digitry::test
