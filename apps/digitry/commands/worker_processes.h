#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace digitry::app {

/// Further processes of this command, started with arguments of their own and without a standard
/// output. Ended with the scope: by Ctrl-C's signal first, which leaves a study in order.
class WorkerProcesses {
 public:
  WorkerProcesses() = default;
  ~WorkerProcesses();
  WorkerProcesses(const WorkerProcesses&) = delete;
  WorkerProcesses& operator=(const WorkerProcesses&) = delete;

  /// Throws Error{kUnavailable} where the system cannot start it.
  void start(const std::vector<std::string>& arguments);
  /// Asks all of them to stop, as Ctrl-C would.
  void interrupt() const;
  /// How many are still running.
  std::size_t num_running();
  /// The largest exit status of those that ended; 128 + the signal where one ended it.
  int worst_status() const { return worst_status_; }

 private:
  void note(int status);

  std::vector<pid_t> running_;
  int worst_status_ = 0;
};

}  // namespace digitry::app
