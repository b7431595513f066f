#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace digitry {

struct ProgramOptions {
  std::string_view input{};         ///< Its standard input.
  std::filesystem::path folder{};   ///< Where it runs; here where empty.
  double timeout_s = 60;            ///< Then it is ended, with all that it started.
  std::function<void()> on_wait{};  ///< Called several times a second; what it throws ends it too.
};

struct ProgramResult {
  /// 128 + the signal's number where a signal ended it, as in a shell. 0 where this process ignores
  /// SIGCHLD, for the system then does not tell.
  int exit_status = 0;
  std::string output;  ///< Standard output.
  std::string errors;  ///< The end of standard error, 64 KiB at most.
};

/// Runs `arguments[0]`, found along PATH, without a shell, to its end.
/// Throws Error{kUnavailable} where the program is not installed or outlives its time, Error{kIo}
/// where the system cannot start it.
ProgramResult run_program(const std::vector<std::string>& arguments,
                          const ProgramOptions& options = {});

}  // namespace digitry
