#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "digitry/serving/http/http.h"

namespace digitry::serving {

struct RequestLimits {
  std::uint32_t max_header_bytes = 16 * 1024;  ///< Request line and headers.
  std::uint64_t max_body_bytes = std::uint64_t{16} << 20;
};

/// What is said to a request once its headers are there, before any of its body is read.
struct Admission {
  std::optional<Response> refusal{};
  std::uint64_t max_body_bytes = std::numeric_limits<std::uint64_t>::max();
  std::string advice{};  ///< What to do if the body is longer.
};

/// Reads one request of HTTP/1.0 or 1.1 (RFC 9112) out of a stream of bytes.
class RequestReader {
 public:
  enum class State {
    kIncomplete,  ///< Wants more bytes.
    kComplete,    ///< `request` is whole.
    kRefused,     ///< `refusal` says why; what follows on the connection cannot be made sense of.
  };

  using Admit = std::function<Admission(const Request&)>;

  /// `admit`, if any, is asked once; what it refuses is read no further. A request without a body
  /// is whole by then, and comes to kComplete nevertheless.
  explicit RequestReader(const RequestLimits& limits, Admit admit = {});
  ~RequestReader();
  RequestReader(const RequestReader&) = delete;
  RequestReader& operator=(const RequestReader&) = delete;

  /// Takes bytes from the front and returns how many; what is left is to be given again, with more
  /// behind it, where the request is still incomplete. Allocates for a body as it comes, whatever
  /// length was announced.
  std::size_t feed(std::string_view bytes);

  State state() const { return state_; }
  /// Whether anything of the request has come.
  bool started() const;
  /// Whether all headers are there, so that only the body may be missing.
  bool headers_done() const;
  /// Once, after the headers: the client waits for "100 Continue" before it sends the body.
  bool take_expectation();
  /// The request so far; whole in kComplete.
  Request& request();
  /// What to answer in kRefused: 400, 413, 431, or what `admit` said.
  const Response& refusal() const { return refusal_; }
  /// Whether the client wants to send more requests on this connection.
  bool keep_alive() const;

 private:
  class Parser;

  void check_headers();
  void admit_body();
  void refuse(int status, std::string_view message);

  RequestLimits limits_;
  Admit admit_;
  std::uint64_t max_body_bytes_;
  std::string advice_;
  std::unique_ptr<Parser> parser_;
  State state_ = State::kIncomplete;
  Response refusal_;
};

}  // namespace digitry::serving
