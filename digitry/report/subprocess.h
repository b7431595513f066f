#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace digitry {

struct ProgramResult {
  int exit_status = 0;  ///< 128 + the signal's number where a signal ended it.
  std::string output;   ///< Standard output.
  std::string errors;   ///< Standard error.
};

/// Runs `arguments[0]`, found along PATH, with `input` as its standard input, to its end.
/// Throws Error{kUnavailable} where the program is not installed or outlives `timeout` (it is then
/// killed), Error{kIo} where the system cannot start it.
ProgramResult run_program(const std::vector<std::string>& arguments, std::string_view input,
                          std::chrono::milliseconds timeout);

}  // namespace digitry
