#include "tests/fetch/test_server.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <utility>

namespace digitry::test {
namespace {

bool wait_for_input(int descriptor, int timeout_ms) {
  pollfd ready{descriptor, POLLIN, 0};
  return ::poll(&ready, 1, timeout_ms) > 0;
}

bool send_all(int connection, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(connection, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

}  // namespace

Answer ok(std::string body) { return {.head = "HTTP/1.1 200 OK\r\n", .body = std::move(body)}; }

Answer status(const std::string& code_and_reason) {
  return {.head = "HTTP/1.1 " + code_and_reason + "\r\n", .body = "an error page"};
}

TestServer::TestServer(std::function<Answer(const std::string&, int)> handler)
    : handler_(std::move(handler)) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ::listen(listener_, 16);
  socklen_t length = sizeof address;
  ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length);
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { serve(); });
}

TestServer::~TestServer() {
  stop_ = true;
  thread_.join();
  ::close(listener_);
}

std::string TestServer::url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/"; }

int TestServer::num_requests(const std::string& path) {
  const std::lock_guard lock(mutex_);
  return requests_[path];
}

int TestServer::num_requests() {
  const std::lock_guard lock(mutex_);
  int sum = 0;
  for (const auto& [path, count] : requests_) sum += count;
  return sum;
}

void TestServer::serve() {
  while (!stop_) {
    if (!wait_for_input(listener_, 20)) continue;
    const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) continue;
    answer(connection);
    ::close(connection);
  }
}

void TestServer::answer(int connection) {
  std::string request;
  char buffer[4096];
  while (request.find("\r\n\r\n") == std::string::npos) {
    const ssize_t count = ::recv(connection, buffer, sizeof buffer, 0);
    if (count <= 0) return;
    request.append(buffer, static_cast<std::size_t>(count));
  }
  const std::size_t begin = request.find(' ') + 1;
  const std::string path = request.substr(begin, request.find(' ', begin) - begin);
  int times = 0;
  {
    const std::lock_guard lock(mutex_);
    times = requests_[path]++;
  }
  const Answer answer = handler_(path, times);
  const auto length =
      answer.length < 0 ? static_cast<std::int64_t>(answer.body.size()) : answer.length;
  send_all(connection, answer.head + "Content-Length: " + std::to_string(length) +
                           "\r\nConnection: close\r\n\r\n");
  for (std::size_t at = 0; at < answer.body.size() && !stop_; at += 1024) {
    if (!send_all(connection, std::string_view(answer.body).substr(at, 1024))) return;
    if (answer.pause_ms_per_kib > 0)
      std::this_thread::sleep_for(
          std::chrono::duration<double, std::milli>(answer.pause_ms_per_kib));
  }
  // Until the client closes the connection.
  while (answer.hang && !stop_)
    if (wait_for_input(connection, 20)) return;
}

}  // namespace digitry::test
