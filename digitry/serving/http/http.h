#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// HTTP messages as handlers see them, without sockets, and the small JSON texts in them.

namespace digitry::serving {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct Request {
  std::string method;  ///< "GET", as sent.
  std::string target;  ///< "/v2/models/digits?x=1", as sent.
  Headers headers{};
  std::string body{};
  std::string client{};  ///< The client's address, for the log and the limit of guesses.

  /// The first header of this name (case-insensitive); null if there is none.
  const std::string* find_header(std::string_view name) const;
  /// The target's path, without scheme, host, query and trailing slash.
  std::string_view path() const;
  /// "host:80" of an absolute target "http://host:80/path"; empty if the target is only a path.
  std::string_view target_authority() const;
  /// The percent-decoded value of a query parameter; nothing if it is missing or badly encoded.
  std::optional<std::string> query(std::string_view name) const;
};

struct Response {
  int status = 200;
  std::string content_type = "application/json";
  Headers headers{};
  std::string body{};
};

/// Whether two names are equal, ignoring the case of ASCII letters.
bool same_name(std::string_view a, std::string_view b);

/// Sends the answer to a request. Call it once, on any thread.
using Respond = std::function<void(Response)>;

/// `{"error": message}`, the form of all errors. Bytes of `message` that are not UTF-8 become
/// U+FFFD.
Response error_response(int status, std::string_view message);

/// 413: the body is longer than `max_bytes`. `advice` is appended unless it is empty.
Response too_long_response(std::uint64_t max_bytes, std::string_view advice = {});

/// 503 with the header Retry-After.
Response unavailable_response(std::string_view message);

/// The answer for an exception of a handler: 400 for Error{kBadData}, {kShapeMismatch} and
/// {kInvalidArgument}, 503 for Error{kUnavailable} and std::bad_alloc, 500 for all others.
Response failure_response(const std::exception_ptr& failure);

/// Decodes each "%41" to its byte; nothing if a "%" is not followed by two hexadecimal digits.
std::optional<std::string> percent_decoded(std::string_view text);

/// The inverse, for one segment of a path: letters, digits and "-._~" are kept.
std::string percent_encoded(std::string_view text);

/// Whether a Content-Type such as "application/json; charset=utf-8" has the media type `type`.
bool is_media_type(std::string_view header, std::string_view type);

/// `text` as a JSON string with quotes; bytes that are not UTF-8 become U+FFFD.
std::string json_quoted(std::string_view text);

/// The string values of `keys` and then of `optional_keys` in the JSON object `json`, in the order
/// of the keys; "" for an optional key that is missing. Other members are ignored. Throws
/// Error{kBadData} if `json` is not a JSON object, if it is nested 16 levels deep, or if a key of
/// `keys` is missing or any key occurs twice or is not a string.
std::vector<std::string> parse_json_texts(std::string_view json,
                                          std::span<const std::string_view> keys,
                                          std::span<const std::string_view> optional_keys = {});

/// The status line and the headers: those of the response, and those that every answer has (Date,
/// Server, Connection, Content-Type, Content-Length, and the security headers nosniff,
/// Cache-Control and Content-Security-Policy).
std::string response_head(const Response& response, bool keep_alive,
                          std::chrono::system_clock::time_point now);

/// Internal to serving: logs that a client gets no answer, unless memory for the message is
/// missing.
void log_lost_answer() noexcept;

}  // namespace digitry::serving
