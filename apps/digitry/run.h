#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

// Including CLI11 costs seconds of compilation.
namespace CLI {  // NOLINT(readability-identifier-naming)
class App;
}

namespace digitry::app {

/// Exit statuses of the command; README.md documents them.
enum ExitStatus : int {
  kDone = 0,
  kFailed = 1,
  kWrongUsage = 2,
  kBadInput = 3,
  kInterruptedStatus = 130,
};

/// The command line as a tree: global options and every subcommand.
std::unique_ptr<CLI::App> make_command_line();

/// Calls `work` and returns 0. If `work` throws, prints the error to stderr and returns its exit
/// status.
int guarded(const std::function<void()>& work);

/// Runs `digitry ARGUMENTS...` and returns the exit status. Throws nothing.
int run(std::vector<std::string> arguments);

}  // namespace digitry::app
