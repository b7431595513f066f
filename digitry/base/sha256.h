#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace digitry {

/// SHA-256 (FIPS 180-4) of bytes that arrive in pieces. All functions throw Error{kUnavailable} if
/// OpenSSL does not provide SHA-256.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void update(std::span<const std::byte> bytes);
  /// The hash in lower-case hexadecimal. Must be the last call.
  std::string finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// SHA-256 of `bytes` in lower-case hexadecimal.
std::string sha256(std::string_view bytes);

}  // namespace digitry
