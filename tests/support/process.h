#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace digitry::test {

struct CommandOptions {
  std::string input{};             ///< Standard input of the program.
  std::filesystem::path folder{};  ///< Working folder; empty for the current one.
  /// Variables added to the environment of this process; an empty value unsets one.
  std::vector<std::pair<std::string, std::string>> environment{};
  double timeout_seconds = 120;  ///< Then it is killed and `timed_out` is set.
  bool terminal = false;         ///< Standard error is a terminal of 100 columns.
};

struct CommandResult {
  int exit_status = -1;  ///< As in a shell: 128 + the signal if one ended it.
  std::string out;
  std::string err;
  bool timed_out = false;
};

/// A program that runs beside the test. The destructor kills it if it still runs.
class ChildProcess {
 public:
  /// `command[0]` is looked up in PATH; "digitry" is the command of this build.
  explicit ChildProcess(std::vector<std::string> command, const CommandOptions& options = {});
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  void send_signal(int signal) const;
  /// The standard output so far.
  std::string out_so_far() const;
  /// The standard error so far, if that is not a terminal.
  std::string err_so_far() const;
  pid_t pid() const { return pid_; }
  /// Whether it still runs.
  bool running();
  CommandResult wait();

 private:
  void drain_terminal();

  pid_t pid_ = -1;
  int out_ = -1;
  int err_ = -1;
  int terminal_ = -1;
  int wait_status_ = 0;
  bool ended_ = false;
  double timeout_seconds_;
  std::string terminal_text_;
};

/// The command of this build.
std::filesystem::path command_path();

/// Runs a program to its end: `run_command({"digitry", "info", "--json"})`.
CommandResult run_command(std::vector<std::string> command, const CommandOptions& options = {});

}  // namespace digitry::test
