#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace digitry {

struct ProcessResult {
  int exit_status = 0;  ///< As a shell has it: 128 + n where signal n ended it.
  bool timed_out = false;
  std::string error_output;  ///< The end of what it wrote to stderr.
};

struct ProcessOptions {
  std::filesystem::path folder;  ///< Where it runs.
  double timeout_s = 300;        ///< Then it is killed, with all that it started.
  /// Called several times a second; what it throws ends the process and comes through.
  std::function<void()> on_wait;
};

/// Runs a program, looked up in PATH, without a shell: stdin and stdout are /dev/null, stderr is
/// kept. Throws Error{kUnavailable} where there is no such program, Error{kIo} where the system
/// refuses to start it.
ProcessResult run_process(const std::vector<std::string>& command, const ProcessOptions& options);

}  // namespace digitry
