#include "digitry/base/subprocess.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "digitry/base/error.h"
#include "digitry/base/file.h"

namespace digitry {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kKeptErrorBytes = 65536;
constexpr int kWaitMs = 50;

[[noreturn]] void fail(const std::string& program, const char* doing, int error) {
  throw Error(ErrorCode::kIo, "cannot {} for {}: {}", doing, program, std::strerror(error));
}

struct Pipe {
  explicit Pipe(const std::string& program) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) fail(program, "create a pipe", errno);
    read_end = Descriptor(ends[0]);
    write_end = Descriptor(ends[1]);
  }
  Descriptor read_end;
  Descriptor write_end;
};

// A file in memory that holds `input`. Unlike a pipe it needs no writer while the program runs, and
// a program that stops reading causes no SIGPIPE in this process.
Descriptor memory_file(const std::string& program, std::string_view input) {
  Descriptor file(::memfd_create("digitry-input", MFD_CLOEXEC));
  if (file.get() < 0) fail(program, "create the input", errno);
  while (!input.empty()) {
    const ssize_t written = ::write(file.get(), input.data(), input.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail(program, "write the input", errno);
    input.remove_prefix(static_cast<std::size_t>(written));
  }
  ::lseek(file.get(), 0, SEEK_SET);
  return file;
}

// Standard streams, working folder, a new process group (so that the children of the program can be
// killed with it), and no blocked signals, although this thread may block some.
class SpawnSettings {
 public:
  SpawnSettings(const std::filesystem::path& folder, int in, int out, int err) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawn_file_actions_adddup2(&actions_, in, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions_, out, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions_, err, STDERR_FILENO);
    if (!folder.empty()) posix_spawn_file_actions_addchdir_np(&actions_, folder.c_str());
    posix_spawnattr_init(&attributes_);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
    posix_spawnattr_setpgroup(&attributes_, 0);
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes_, &none);
  }
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;

  pid_t spawn(const std::vector<std::string>& arguments) const {
    std::vector<char*> argv;
    for (const std::string& word : arguments) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    pid_t pid = -1;
    const int error = posix_spawnp(&pid, argv[0], &actions_, &attributes_, argv.data(), environ);
    if (error == ENOENT)
      throw Error(ErrorCode::kUnavailable,
                  "{} is not installed: expected the program in PATH, found none", arguments[0]);
    if (error != 0) fail(arguments[0], "start the program", error);
    return pid;
  }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

// A running child process. The destructor kills it and its process group if it still runs.
class Child {
 public:
  explicit Child(pid_t pid) : pid_(pid) {}
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (pid_ <= 0) return;
    ::kill(-pid_, SIGKILL);
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) continue;
  }

  // Whether the child has ended; sets `exit_status` if so.
  bool ended(int& exit_status) {
    int status = 0;
    const pid_t ended = ::waitpid(pid_, &status, WNOHANG);
    // If this process ignores SIGCHLD, the system keeps no status.
    const bool lost = ended < 0 && errno == ECHILD;
    if (ended != pid_ && !lost) return false;
    if (!lost) exit_status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    pid_ = -1;
    return true;
  }

 private:
  pid_t pid_;
};

// The standard output and standard error of a child, read as data arrives.
class Streams {
 public:
  Streams(int out, int err) : polled_{{{out, POLLIN, 0}, {err, POLLIN, 0}}} {}

  bool open() const { return polled_[0].fd >= 0 || polled_[1].fd >= 0; }

  // Reads what arrives within `wait_ms`. Returns whether anything arrived.
  bool read(int wait_ms, ProgramResult& result) {
    if (::poll(polled_.data(), polled_.size(), wait_ms) <= 0) return false;
    // poll skips negative descriptors: -1 marks a stream that has ended.
    if (polled_[0].revents != 0 && !append(polled_[0].fd, result.output)) polled_[0].fd = -1;
    if (polled_[1].revents != 0 && !append(polled_[1].fd, result.errors)) polled_[1].fd = -1;
    if (result.errors.size() > kKeptErrorBytes)
      result.errors.erase(0, result.errors.size() - kKeptErrorBytes);
    return true;
  }

 private:
  static bool append(int descriptor, std::string& text) {
    std::array<char, 65536> buffer;
    const ssize_t count = ::read(descriptor, buffer.data(), buffer.size());
    if (count < 0) return errno == EINTR || errno == EAGAIN;
    text.append(buffer.data(), static_cast<std::size_t>(count));
    return count > 0;
  }

  std::array<pollfd, 2> polled_;
};

}  // namespace

ProgramResult run_program(const std::vector<std::string>& arguments,
                          const ProgramOptions& options) {
  const std::string& program = arguments.at(0);
  const auto deadline = Clock::now() + std::chrono::duration<double>(options.timeout_s);
  const Descriptor in = memory_file(program, options.input);
  Pipe out(program);
  Pipe err(program);
  const SpawnSettings settings(options.folder, in.get(), out.write_end.get(), err.write_end.get());
  Child child(settings.spawn(arguments));
  out.write_end.close();
  err.write_end.close();

  ProgramResult result;
  Streams streams(out.read_end.get(), err.read_end.get());
  // Wait for the child itself, not for the end of its streams: a grandchild may keep those open.
  while (!child.ended(result.exit_status)) {
    if (options.on_wait) options.on_wait();
    if (Clock::now() > deadline)
      throw Error(ErrorCode::kUnavailable, "{}: expected it to finish within {} s; it was stopped",
                  program, options.timeout_s);
    // Nothing wakes poll up once both streams are closed, and the child ends soon.
    streams.read(streams.open() ? kWaitMs : 1, result);
  }
  while (streams.open() && streams.read(0, result)) continue;
  return result;
}

}  // namespace digitry
