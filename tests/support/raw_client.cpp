#include "tests/support/raw_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace digitry::test {
namespace {

constexpr std::chrono::seconds kPatience{20};

// The next piece of data. Empty at its end or after the time limit, which `closed` distinguishes.
std::string receive_some(int socket, std::chrono::steady_clock::time_point until, bool& closed) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
      until - std::chrono::steady_clock::now());
  pollfd ready{socket, POLLIN, 0};
  if (left.count() <= 0 || ::poll(&ready, 1, static_cast<int>(left.count())) <= 0) return "";
  std::array<char, 4096> buffer{};
  const ssize_t count = ::recv(socket, buffer.data(), buffer.size(), 0);
  closed = count <= 0;
  return {buffer.data(), count <= 0 ? 0 : static_cast<std::size_t>(count)};
}

}  // namespace

RawClient::RawClient(int port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    throw std::runtime_error(std::string("connect: ") + std::strerror(errno));
}

RawClient::~RawClient() {
  if (socket_ >= 0) ::close(socket_);
}

RawClient::RawClient(RawClient&& other) noexcept : socket_(std::exchange(other.socket_, -1)) {}

void RawClient::send(std::string_view bytes) const {
  while (!bytes.empty()) {
    const ssize_t count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

void RawClient::finish() const { ::shutdown(socket_, SHUT_WR); }

std::string RawClient::receive_until(std::string_view end) const {
  const auto until = std::chrono::steady_clock::now() + kPatience;
  std::string received;
  bool closed = false;
  while (received.find(end) == std::string::npos) {
    const std::string piece = receive_some(socket_, until, closed);
    if (piece.empty()) break;
    received += piece;
  }
  return received;
}

std::string RawClient::receive_all(bool* closed) const {
  const auto until = std::chrono::steady_clock::now() + kPatience;
  std::string received;
  bool at_end = false;
  for (std::string piece; !(piece = receive_some(socket_, until, at_end)).empty();)
    received += piece;
  if (closed != nullptr) *closed = at_end;
  return received;
}

}  // namespace digitry::test
