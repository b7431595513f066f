#include "apps/digitry/commands/worker_processes.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "digitry/base/error.h"

namespace digitry::app {

WorkerProcesses::~WorkerProcesses() {
  interrupt();
  for (const pid_t pid : running_) {
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
  }
}

void WorkerProcesses::start(const std::vector<std::string>& arguments) {
  std::vector<char*> words;
  words.reserve(arguments.size() + 1);
  for (const std::string& argument : arguments)
    words.push_back(const_cast<char*>(argument.c_str()));
  words.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  // In a process group of its own: Ctrl-C reaches only this process, which passes it on once.
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  pid_t pid = 0;
  const int error =
      posix_spawn(&pid, "/proc/self/exe", &actions, &attributes, words.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0)
    throw Error(ErrorCode::kUnavailable, "cannot start a worker: {}", std::strerror(error));
  running_.push_back(pid);
}

void WorkerProcesses::interrupt() const {
  // Not SIGINT: a script's background jobs ignore it, and their workers would inherit that.
  for (const pid_t pid : running_) kill(pid, SIGTERM);
}

std::size_t WorkerProcesses::num_running() {
  std::erase_if(running_, [&](pid_t pid) {
    int status = 0;
    if (waitpid(pid, &status, WNOHANG) != pid) return false;
    note(status);
    return true;
  });
  return running_.size();
}

void WorkerProcesses::note(int status) {
  const int exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  worst_status_ = std::max(worst_status_, exit_status);
}

}  // namespace digitry::app
