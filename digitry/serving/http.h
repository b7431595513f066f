#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

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

/// `text` as JSON, in quotes; bytes that are not UTF-8 become U+FFFD.
std::string json_quoted(std::string_view text);

/// What goes before the body: the status line and all headers, with those of every answer (Date,
/// Server, Content-Length, and what keeps browsers from guessing).
std::string response_head(const Response& response, bool keep_alive,
                          std::chrono::system_clock::time_point now);

}  // namespace digitry::serving
