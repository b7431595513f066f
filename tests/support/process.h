#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace digitry::test {

struct CommandOptions {
  std::string input{};             ///< What the program reads from standard input.
  std::filesystem::path folder{};  ///< Where it runs; here, if empty.
  /// Set besides this process's own environment; an empty value unsets.
  std::vector<std::pair<std::string, std::string>> environment{};
  double timeout_seconds = 120;  ///< After which it is killed and `timed_out` is set.
  bool terminal = false;         ///< Standard error is a terminal of 100 columns.
};

struct CommandResult {
  int exit_status = -1;  ///< 128 + the signal where one ended it, as a shell says.
  std::string out;
  std::string err;
  bool timed_out = false;
};

/// A program that runs beside the test. Killed where it is destroyed before it ended.
class ChildProcess {
 public:
  /// `command[0]` is looked up in PATH; "digitry" is the command of this build.
  explicit ChildProcess(std::vector<std::string> command, const CommandOptions& options = {});
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  void send_signal(int signal) const;
  /// What it has written to standard output so far.
  std::string out_so_far() const;
  /// The same of standard error, where that is no terminal.
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
