#include "tests/support/process.h"

#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <stdexcept>
#include <string_view>
#include <thread>

extern char** environ;

namespace digitry::test {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds kPollInterval{2};

int memory_file(const char* name) {
  const int fd = ::memfd_create(name, MFD_CLOEXEC);
  if (fd < 0) throw std::runtime_error(std::string("memfd_create: ") + std::strerror(errno));
  return fd;
}

std::string content(int fd) {
  struct stat info {};
  ::fstat(fd, &info);
  std::string text(static_cast<std::size_t>(info.st_size), '\0');
  const ssize_t n = ::pread(fd, text.data(), text.size(), 0);
  text.resize(n < 0 ? 0 : static_cast<std::size_t>(n));
  return text;
}

std::vector<std::string> make_environment(const CommandOptions& options) {
  std::vector<std::string> environment;
  const auto is_replaced = [&](std::string_view entry) {
    const std::string_view name = entry.substr(0, entry.find('='));
    return std::any_of(options.environment.begin(), options.environment.end(),
                       [&](const auto& pair) { return pair.first == name; });
  };
  for (char** entry = environ; *entry != nullptr; ++entry)
    if (!is_replaced(*entry)) environment.emplace_back(*entry);
  for (const auto& [name, value] : options.environment)
    if (!value.empty()) environment.push_back(name + "=" + value);
  return environment;
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> result;
  for (std::string& string : strings) result.push_back(string.data());
  result.push_back(nullptr);
  return result;
}

}  // namespace

ChildProcess::ChildProcess(std::vector<std::string> command, const CommandOptions& options)
    : out_(memory_file("out")),
      err_(memory_file("err")),
      timeout_seconds_(options.timeout_seconds) {
  if (command.at(0) == "digitry") command[0] = command_path().string();
  const int in = memory_file("in");
  if (::pwrite(in, options.input.data(), options.input.size(), 0) < 0)
    throw std::runtime_error("cannot prepare standard input");

  int err_of_child = err_;
  int slave = -1;
  if (options.terminal) {
    winsize size{};
    size.ws_row = 24;
    size.ws_col = 100;
    if (::openpty(&terminal_, &slave, nullptr, nullptr, &size) != 0)
      throw std::runtime_error(std::string("openpty: ") + std::strerror(errno));
    ::fcntl(terminal_, F_SETFD, FD_CLOEXEC);
    ::fcntl(slave, F_SETFD, FD_CLOEXEC);
    ::fcntl(terminal_, F_SETFL, O_NONBLOCK);
    err_of_child = slave;
  }

  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, out_, STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, err_of_child, STDERR_FILENO);
  if (!options.folder.empty())
    ::posix_spawn_file_actions_addchdir_np(&actions, options.folder.c_str());
  // A shell starts background programs with SIGINT ignored; the tested program must not inherit
  // that.
  posix_spawnattr_t attributes;
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  ::posix_spawnattr_init(&attributes);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  ::posix_spawnattr_setsigdefault(&attributes, &signals);
  std::vector<std::string> environment = make_environment(options);
  const int error = ::posix_spawnp(&pid_, command[0].c_str(), &actions, &attributes,
                                   pointers(command).data(), pointers(environment).data());
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(in);
  if (slave >= 0) ::close(slave);
  if (error != 0) throw std::runtime_error(command[0] + ": " + std::strerror(error));
}

ChildProcess::~ChildProcess() {
  if (!ended_) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  for (const int fd : {out_, err_, terminal_})
    if (fd >= 0) ::close(fd);
}

void ChildProcess::send_signal(int signal) const {
  if (!ended_) ::kill(pid_, signal);
}

std::string ChildProcess::out_so_far() const { return content(out_); }
std::string ChildProcess::err_so_far() const { return content(err_); }

bool ChildProcess::running() {
  drain_terminal();
  if (!ended_) ended_ = ::waitpid(pid_, &wait_status_, WNOHANG) == pid_;
  return !ended_;
}

CommandResult ChildProcess::wait() {
  CommandResult result;
  const Clock::time_point deadline =
      Clock::now() + std::chrono::milliseconds(static_cast<std::int64_t>(timeout_seconds_ * 1000));
  while (running()) {
    if (Clock::now() > deadline) {
      result.timed_out = true;
      ::kill(pid_, SIGKILL);
    }
    std::this_thread::sleep_for(kPollInterval);
  }
  drain_terminal();
  result.exit_status =
      WIFEXITED(wait_status_) ? WEXITSTATUS(wait_status_) : 128 + WTERMSIG(wait_status_);
  result.out = content(out_);
  result.err = terminal_ >= 0 ? terminal_text_ : content(err_);
  return result;
}

void ChildProcess::drain_terminal() {
  if (terminal_ < 0) return;
  std::array<char, 4096> buffer{};
  for (;;) {
    const ssize_t n = ::read(terminal_, buffer.data(), buffer.size());
    if (n <= 0) return;
    terminal_text_.append(buffer.data(), static_cast<std::size_t>(n));
  }
}

std::filesystem::path command_path() { return DIGITRY_COMMAND; }

CommandResult run_command(std::vector<std::string> command, const CommandOptions& options) {
  return ChildProcess(std::move(command), options).wait();
}

}  // namespace digitry::test
