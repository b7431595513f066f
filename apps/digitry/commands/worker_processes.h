#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace digitry::app {

/// Worker processes of this command. They have no standard input or output. The destructor
/// interrupts them (SIGTERM, which leaves a study consistent) and waits for them.
class WorkerProcesses {
 public:
  WorkerProcesses() = default;
  ~WorkerProcesses();
  WorkerProcesses(const WorkerProcesses&) = delete;
  WorkerProcesses& operator=(const WorkerProcesses&) = delete;

  /// Starts a process. Throws Error{kUnavailable} if the system cannot.
  void start(const std::vector<std::string>& arguments);
  /// Sends SIGTERM to all running workers.
  void interrupt() const;
  /// Number of running workers.
  std::size_t num_running();
  /// The largest exit status of the workers that ended; 128 + signal for a killed one.
  int worst_status() const { return worst_status_; }

 private:
  void note(int status);

  std::vector<pid_t> running_;
  int worst_status_ = 0;
};

}  // namespace digitry::app
