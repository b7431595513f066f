#pragma once

#include <string>
#include <string_view>

namespace digitry::test {

/// A TCP connection to a port of this machine that sends arbitrary bytes. Throws std::runtime_error
/// on failure.
class RawClient {
 public:
  explicit RawClient(int port);
  ~RawClient();
  RawClient(RawClient&& other) noexcept;
  RawClient& operator=(RawClient&&) = delete;

  /// Sends all bytes, unless the other side has closed the connection.
  void send(std::string_view bytes) const;
  /// Closes the connection for sending.
  void finish() const;
  /// Reads until the data contains `end`, the other side closes the connection, or twenty seconds
  /// have passed.
  std::string receive_until(std::string_view end) const;
  /// Reads until the other side closes the connection; `closed` reports whether it did.
  std::string receive_all(bool* closed = nullptr) const;

 private:
  int socket_ = -1;
};

}  // namespace digitry::test
