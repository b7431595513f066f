#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "digitry/serving/http/http.h"

namespace digitry::serving {

/// One call of a handler. `request` lives until the handler returns; `respond` may be called later.
/// The handler may move the body out of the request.
struct Call {
  Request& request;
  std::string_view parameter;  ///< The text that matches "{...}" in the pattern.
  Respond respond;
};

/// Answers a call, immediately or later. If it throws, the answer is `failure_response`.
using Handler = std::function<void(Call)>;

/// The bodies that a route accepts. Others are rejected before they are read.
struct BodyRules {
  std::uint64_t max_bytes = 0;
  /// Limit of a body that is all JSON (the request has no Inference-Header-Content-Length).
  std::uint64_t max_json_bytes = std::numeric_limits<std::uint64_t>::max();
  std::vector<std::string> types{};  ///< Accepted Content-Types; empty accepts any.
  bool needs_type = true;            ///< Whether a missing Content-Type is an error.
  std::string advice{};              ///< Added to the message if the body is too long.

  std::uint64_t max_bytes_of(const Request& request) const;
  /// 415 if the body has another type or a Content-Encoding.
  std::optional<Response> refusal_of(const Request& request) const;
};

struct Route {
  std::string method;   ///< "GET" includes HEAD.
  std::string pattern;  ///< "/v2/models/{name}"; at most one segment is in braces.
  Handler handler;
  BodyRules body{};
};

/// The table of routes.
class Router {
 public:
  struct Match {
    const Route* route = nullptr;  ///< Null if no route has this method and path.
    std::string_view parameter;
    std::string allowed;  ///< Methods of the path, "GET, HEAD"; empty if there is no such path.
  };

  void add(std::string method, std::string pattern, Handler handler, BodyRules body = {});
  const std::vector<Route>& routes() const { return routes_; }

  Match find(std::string_view method, std::string_view path) const;

 private:
  std::vector<Route> routes_;
};

}  // namespace digitry::serving
