#include "digitry/data/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include "digitry/base/error.h"

extern char** environ;

namespace digitry {
namespace {

constexpr std::size_t kKeptErrorBytes = 4096;
constexpr int kPollMs = 50;

class Pipe {
 public:
  Pipe() {
    if (::pipe2(ends_, O_CLOEXEC) != 0)
      throw Error(ErrorCode::kIo, "cannot create a pipe: {}", std::strerror(errno));
  }
  ~Pipe() {
    close_write_end();
    ::close(ends_[0]);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  int read_end() const { return ends_[0]; }
  int write_end() const { return ends_[1]; }
  void close_write_end() {
    if (ends_[1] >= 0) ::close(ends_[1]);
    ends_[1] = -1;
  }

 private:
  int ends_[2] = {-1, -1};
};

class SpawnSettings {
 public:
  SpawnSettings(const std::filesystem::path& folder, int error_descriptor) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions_, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_adddup2(&actions_, error_descriptor, STDERR_FILENO);
    posix_spawn_file_actions_addchdir_np(&actions_, folder.c_str());
    // A process group of its own, so that what npm starts can be ended with it.
    posix_spawnattr_init(&attributes_);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETPGROUP);
    posix_spawnattr_setpgroup(&attributes_, 0);
  }
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;
  posix_spawn_file_actions_t* actions() { return &actions_; }
  posix_spawnattr_t* attributes() { return &attributes_; }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

// A running child; ended, with its process group, where it is still there at destruction.
class Child {
 public:
  explicit Child(pid_t pid) : pid_(pid) {}
  ~Child() {
    if (pid_ < 0) return;
    ::kill(-pid_, SIGKILL);
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // Whether it has ended, and if so how.
  bool has_ended(int& exit_status) {
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) != pid_) return false;
    exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    pid_ = -1;
    return true;
  }

 private:
  pid_t pid_;
};

void keep_output(int descriptor, std::string& kept) {
  char buffer[1024];
  pollfd ready{descriptor, POLLIN, 0};
  while (::poll(&ready, 1, 0) > 0) {
    const ssize_t count = ::read(descriptor, buffer, sizeof buffer);
    if (count <= 0) return;
    kept.append(buffer, static_cast<std::size_t>(count));
    if (kept.size() > kKeptErrorBytes) kept.erase(0, kept.size() - kKeptErrorBytes);
  }
}

}  // namespace

ProcessResult run_process(const std::vector<std::string>& command, const ProcessOptions& options) {
  Pipe errors;
  SpawnSettings settings(options.folder, errors.write_end());
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  pid_t pid = -1;
  const int status = posix_spawnp(&pid, arguments[0], settings.actions(), settings.attributes(),
                                  arguments.data(), environ);
  if (status == ENOENT)
    throw Error(ErrorCode::kUnavailable, "there is no program {} in PATH", command[0]);
  if (status != 0)
    throw Error(ErrorCode::kIo, "cannot start {}: {}", command[0], std::strerror(status));
  errors.close_write_end();

  Child child(pid);
  ProcessResult result;
  const auto deadline =
      std::chrono::steady_clock::now() + std::chrono::duration<double>(options.timeout_s);
  while (!child.has_ended(result.exit_status)) {
    if (options.on_wait) options.on_wait();
    if (std::chrono::steady_clock::now() > deadline) {
      result.timed_out = true;
      return result;
    }
    keep_output(errors.read_end(), result.error_output);
    std::this_thread::sleep_for(std::chrono::milliseconds(kPollMs));
  }
  keep_output(errors.read_end(), result.error_output);
  return result;
}

}  // namespace digitry
