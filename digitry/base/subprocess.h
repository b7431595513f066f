#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace digitry {

struct ProgramOptions {
  std::string_view input{};         ///< Standard input of the program.
  std::filesystem::path folder{};   ///< Working folder; empty for the current one.
  double timeout_s = 60;            ///< After this time the program and its children are killed.
  std::function<void()> on_wait{};  ///< Called several times a second; an exception kills them too.
};

struct ProgramResult {
  /// As in a shell: 128 + the signal number if a signal ended the program. Always 0 if this process
  /// ignores SIGCHLD, because the system then keeps no status.
  int exit_status = 0;
  std::string output;  ///< Standard output.
  std::string errors;  ///< The last 64 KiB of standard error.
};

/// Runs the program `arguments[0]`, searched for in PATH, without a shell, and waits for its end.
/// Throws Error{kUnavailable} if the program is not installed or runs longer than `timeout_s`;
/// Error{kIo} if the system cannot start it.
ProgramResult run_program(const std::vector<std::string>& arguments,
                          const ProgramOptions& options = {});

}  // namespace digitry
