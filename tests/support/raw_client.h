#pragma once

#include <string>
#include <string_view>

namespace digitry::test {

/// A TCP connection to a port of this machine that sends whatever bytes it is told to. What goes
/// wrong throws std::runtime_error.
class RawClient {
 public:
  explicit RawClient(int port);
  ~RawClient();
  RawClient(RawClient&& other) noexcept;
  RawClient& operator=(RawClient&&) = delete;

  /// All of the bytes, unless the other side has closed the connection.
  void send(std::string_view bytes) const;
  /// Says that nothing more will be sent.
  void finish() const;
  /// What comes until `end` is in it, the other side closes the connection, or twenty seconds are
  /// over.
  std::string receive_until(std::string_view end) const;
  /// What comes until the other side closes the connection; `closed` tells whether it did.
  std::string receive_all(bool* closed = nullptr) const;

 private:
  int socket_ = -1;
};

}  // namespace digitry::test
