#include "digitry/report/subprocess.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <thread>
#include <utility>

#include "digitry/base/error.h"

namespace digitry {
namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void fail(const std::string& program, const char* doing, int error) {
  throw Error(ErrorCode::kIo, "cannot {} for {}: {}", doing, program, std::strerror(error));
}

class Descriptor {
 public:
  Descriptor() = default;
  Descriptor(Descriptor&& other) noexcept : value_(std::exchange(other.value_, -1)) {}
  explicit Descriptor(int value) : value_(value) {}
  ~Descriptor() { close(); }
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(value_, other.value_);
    return *this;
  }

  int get() const { return value_; }
  void close() {
    if (value_ >= 0) ::close(std::exchange(value_, -1));
  }

 private:
  int value_ = -1;
};

struct Pipe {
  explicit Pipe(const std::string& program) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) fail(program, "make a pipe", errno);
    read_end = Descriptor(ends[0]);
    write_end = Descriptor(ends[1]);
  }
  Descriptor read_end, write_end;
};

/// A file in memory that holds `input`. Unlike a pipe it needs no writer while the program runs,
/// and a program that stops reading raises no SIGPIPE here.
Descriptor memory_file(const std::string& program, std::string_view input) {
  Descriptor file(::memfd_create("digitry-input", MFD_CLOEXEC));
  if (file.get() < 0) fail(program, "make the input", errno);
  while (!input.empty()) {
    const ssize_t written = ::write(file.get(), input.data(), input.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail(program, "write the input", errno);
    input.remove_prefix(static_cast<std::size_t>(written));
  }
  ::lseek(file.get(), 0, SEEK_SET);
  return file;
}

/// A running child. Killed and waited for on destruction, so that none is left behind.
class Child {
 public:
  Child(const std::vector<std::string>& arguments, int in, int out, int err) {
    std::vector<char*> argv;
    for (const std::string& argument : arguments) {
      argv.push_back(const_cast<char*>(argument.c_str()));
    }
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, in, 0);
    ::posix_spawn_file_actions_adddup2(&actions, out, 1);
    ::posix_spawn_file_actions_adddup2(&actions, err, 2);
    const int error = ::posix_spawnp(&pid_, argv[0], &actions, nullptr, argv.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    if (error == ENOENT) {
      throw Error(ErrorCode::kUnavailable, "{} is not installed: no such program along PATH",
                  arguments[0]);
    }
    if (error != 0) fail(arguments[0], "start the program", error);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) continue;
  }

  /// True, with the exit status, once it has ended.
  bool ended(int& exit_status) {
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) == 0) return false;
    pid_ = -1;
    exit_status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    return true;
  }

 private:
  pid_t pid_ = -1;
};

/// Appends what is there to read; false at the end of the stream.
bool read_some(int descriptor, std::string& text) {
  std::array<char, 65536> buffer;
  const ssize_t count = ::read(descriptor, buffer.data(), buffer.size());
  if (count < 0) return errno == EINTR || errno == EAGAIN;
  text.append(buffer.data(), static_cast<std::size_t>(count));
  return count > 0;
}

}  // namespace

ProgramResult run_program(const std::vector<std::string>& arguments, std::string_view input,
                          std::chrono::milliseconds timeout) {
  const std::string& program = arguments.at(0);
  const Clock::time_point deadline = Clock::now() + timeout;
  const auto time_left = [&]() -> int {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
    if (left.count() <= 0) {
      throw Error(ErrorCode::kUnavailable, "{} was not done after {} ms and has been stopped",
                  program, timeout.count());
    }
    return static_cast<int>(std::min<std::int64_t>(left.count(), 60'000));
  };

  const Descriptor in = memory_file(program, input);
  Pipe out(program), err(program);
  Child child(arguments, in.get(), out.write_end.get(), err.write_end.get());
  out.write_end.close();
  err.write_end.close();

  ProgramResult result;
  std::array<pollfd, 2> streams{{{out.read_end.get(), POLLIN, 0}, {err.read_end.get(), POLLIN, 0}}};
  while (streams[0].fd >= 0 || streams[1].fd >= 0) {
    if (::poll(streams.data(), streams.size(), time_left()) < 0 && errno != EINTR) {
      fail(program, "read the output", errno);
    }
    // poll skips negative descriptors: that marks a stream at its end.
    if (streams[0].revents != 0 && !read_some(streams[0].fd, result.output)) streams[0].fd = -1;
    if (streams[1].revents != 0 && !read_some(streams[1].fd, result.errors)) streams[1].fd = -1;
  }
  while (!child.ended(result.exit_status)) {
    time_left();
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return result;
}

}  // namespace digitry
