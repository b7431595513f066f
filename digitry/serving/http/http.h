#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "digitry/base/log.h"

// HTTP messages as handlers see them, without sockets.

namespace digitry::serving {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct Request {
  std::string method;  ///< "GET", as sent.
  std::string target;  ///< "/v2/models/digits?x=1", as sent.
  Headers headers{};
  std::string body{};
  std::string client{};  ///< Address of who asks, for the log.

  /// The first header of this name, in upper or lower case; null where there is none.
  const std::string* find_header(std::string_view name) const;
  /// The target's path: without scheme, host, query and a slash at its end.
  std::string_view path() const;
  /// The host and port of an absolute target, "http://host:80/path"; empty for a mere path.
  std::string_view target_authority() const;
  /// The value of a parameter behind the path's "?", percent-decoded; nothing where there is none
  /// or it is wrongly encoded.
  std::optional<std::string> query(std::string_view name) const;
};

struct Response {
  int status = 200;
  std::string content_type = "application/json";
  Headers headers{};
  std::string body{};
};

/// Whether two names are the same but for the case of their (ASCII) letters.
bool same_name(std::string_view a, std::string_view b);

/// Gives the answer to a request: to be called once, on any thread.
using Respond = std::function<void(Response)>;

/// `{"error": message}`, the form of all errors; bytes of `message` that are not UTF-8 are
/// replaced.
Response error_response(int status, std::string_view message);

/// 413: the body is longer than `max_bytes`. `advice`, if any, follows the message.
Response too_long_response(std::uint64_t max_bytes, std::string_view advice = {});

/// 503, with the header that says when to come again.
Response unavailable_response(std::string_view message);

/// The answer to what a handler threw: Error{kBadData} and the like give 400, Error{kUnavailable}
/// 503, anything else 500.
Response failure_response(const std::exception_ptr& failure);

/// `text` with each "%41" as the byte it stands for; nothing where a "%" is not followed by two
/// hexadecimal digits.
std::optional<std::string> percent_decoded(std::string_view text);

/// The inverse, for one segment of a path: letters, digits and "-._~" stand for themselves.
std::string percent_encoded(std::string_view text);

/// Whether a Content-Type, "application/json; charset=utf-8", is of a type.
bool is_media_type(std::string_view header, std::string_view wanted);

/// `text` as JSON, in quotes; bytes that are not UTF-8 become U+FFFD.
std::string json_quoted(std::string_view text);

/// What goes before the body: the status line and all headers, with those of every answer (Date,
/// Server, Content-Length, and what keeps browsers from guessing).
std::string response_head(const Response& response, bool keep_alive,
                          std::chrono::system_clock::time_point now);

}  // namespace digitry::serving

// Internal to serving.

namespace digitry::serving {

/// Says to the log, if there is memory for that, that a client will get no answer.
inline void log_lost_answer() noexcept {
  try {
    log(LogLevel::kWarning,
        "an answer was lost: no memory was left for it, or what gave it failed");
  } catch (...) {  // NOLINT(bugprone-empty-catch): there is nothing left to do.
  }
}

}  // namespace digitry::serving
