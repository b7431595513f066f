#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

// Reading all of CLI11 takes seconds.
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

/// Calls `work` and returns 0, or says on stderr what it threw and returns the exit status for it.
int guarded(const std::function<void()>& work);

/// Runs `digitry ARGUMENTS...` and returns the exit status. Throws nothing.
int run(std::vector<std::string> arguments);

}  // namespace digitry::app
