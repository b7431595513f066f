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
  std::uint32_t max_header_bytes = 16 * 1024;  ///< Of the request line and the headers.
  std::uint64_t max_body_bytes = std::uint64_t{16} << 20;
};

/// The decision about a request after its headers and before its body.
struct Admission {
  std::optional<Response> refusal{};  ///< If set, the request is rejected with this response.
  std::uint64_t max_body_bytes = std::numeric_limits<std::uint64_t>::max();
  std::string advice{};  ///< Added to the message if the body is longer.
};

/// Reads one HTTP/1.0 or HTTP/1.1 request (RFC 9112) from a stream of bytes.
class RequestReader {
 public:
  enum class State {
    kIncomplete,  ///< More bytes are needed.
    kComplete,    ///< `request` is complete.
    kRefused,     ///< `refusal` is the answer; the connection cannot be used further.
  };

  using Admit = std::function<Admission(const Request&)>;

  /// `admit`, if any, is called once, after the headers. If it rejects the request, the body is not
  /// read. A request without a body still reaches kComplete: the caller then rejects it.
  explicit RequestReader(const RequestLimits& limits, Admit admit = {});
  ~RequestReader();
  RequestReader(const RequestReader&) = delete;
  RequestReader& operator=(const RequestReader&) = delete;

  /// Consumes bytes from the front and returns how many. If the request is still incomplete, pass
  /// the rest again, followed by more. Memory for a body grows with the bytes received, whatever
  /// Content-Length announces.
  std::size_t feed(std::string_view bytes);

  State state() const { return state_; }
  /// Whether any byte of the request has been received.
  bool started() const;
  /// Whether all headers have been received.
  bool headers_done() const;
  /// True once, after the headers, if the client waits for "100 Continue" before the body.
  bool take_expectation();
  /// The request so far; complete in kComplete.
  Request& request();
  /// The answer in kRefused: 400, 413, 431, or the refusal of `admit`.
  const Response& refusal() const { return refusal_; }
  /// Whether the client keeps the connection open for more requests.
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
