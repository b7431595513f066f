#include "tests/support/postgresql_server.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <pwd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <stdexcept>
#include <thread>

#include "digitry/base/error.h"
#include "digitry/base/file.h"

namespace digitry::test {
namespace {

namespace fs = std::filesystem;

constexpr auto kPoll = std::chrono::milliseconds(20);
constexpr int kStartPolls = 3000;

// The newest of Debian's folders; empty if there is none.
fs::path programs() {
  fs::path newest;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/usr/lib/postgresql", error))
    if (fs::exists(entry.path() / "bin/postgres")) newest = std::max(newest, entry.path() / "bin");
  return newest;
}

int free_port() {
  const Descriptor descriptor(::socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  if (::bind(descriptor.get(), reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      ::getsockname(descriptor.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0)
    throw std::runtime_error("no free port");
  return ntohs(address.sin_port);
}

}  // namespace

bool PostgresqlServer::installed() {
  return !programs().empty() && (::geteuid() != 0 || ::getpwnam("postgres") != nullptr);
}

// The server refuses to run as root.
std::vector<std::string> PostgresqlServer::command(const std::string& program,
                                                   std::vector<std::string> arguments) const {
  std::vector<std::string> words;
  if (::geteuid() == 0)
    words = {"setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"};
  words.push_back(programs() / program);
  words.insert(words.end(), arguments.begin(), arguments.end());
  return words;
}

PostgresqlServer::PostgresqlServer() : port_(free_port()) {
  const std::string password = folder_ / "password";
  write_file_atomically(password, kPassword);
  if (const passwd* user = ::getpwnam("postgres"); ::geteuid() == 0 && user != nullptr)
    for (const std::string& path : {folder_.path().string(), password})
      if (::chown(path.c_str(), user->pw_uid, user->pw_gid) != 0)
        throw std::runtime_error("chown: " + path);
  const CommandResult made = run_command(
      command("initdb", {"--no-sync", "--no-locale", "--encoding=UTF8", "--auth=scram-sha-256",
                         "--username=digitry", "--pwfile=" + password, "--pgdata=" + data_}),
      {.folder = "/"});
  if (made.exit_status != 0) throw std::runtime_error("initdb: " + made.err);
  start();
}

PostgresqlServer::~PostgresqlServer() {
  if (process_) end(SIGQUIT);
}

std::string PostgresqlServer::url(const std::string& study) const {
  return fmt::format("postgresql://digitry:a%20secret%2F%40@127.0.0.1:{}/postgres?study={}", port_,
                     study);
}

void PostgresqlServer::start() {
  const auto launch = [&] {
    process_ = std::make_unique<ChildProcess>(
        command("postgres", {"-D", data_, "-p", std::to_string(port_), "-c",
                             "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c",
                             "fsync=off", "-c", "shared_buffers=16MB", "-c", "jit=off"}),
        CommandOptions{.folder = "/"});
  };
  launch();
  for (int i = 0; i < kStartPolls; ++i) {
    std::this_thread::sleep_for(kPoll);
    if (!process_->running()) launch();  // Processes of a killed server have to go first.
    try {
      // The eighth line is the state.
      const std::string state = read_file(data_ + "/postmaster.pid", 1 << 16);
      if (state.starts_with(std::to_string(process_->pid()) + "\n") &&
          state.find("\nready") != std::string::npos)
        return;
    } catch (const Error&) {
    }
  }
  throw std::runtime_error("the server does not start: " + process_->err_so_far());
}

void PostgresqlServer::end(int signal) {
  process_->send_signal(signal);
  process_->wait();
  process_.reset();
}

void PostgresqlServer::kill() { end(SIGKILL); }

void PostgresqlServer::stop() { end(SIGINT); }

}  // namespace digitry::test
