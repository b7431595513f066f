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

/// One request on its way through a handler. The request lives until the handler returns, which may
/// be before the answer is given; the handler may take its body.
struct Call {
  Request& request;
  std::string_view parameter;  ///< What stands for "{...}" in the route's pattern.
  Respond respond;
};

/// Answers a call, at once or later. What it throws is answered for it by `failure_response`.
using Handler = std::function<void(Call)>;

/// The bodies that a route takes. Others are refused before they are read.
struct BodyRules {
  std::uint64_t max_bytes = 0;
  /// Likewise, if all of it is JSON: no Inference-Header-Content-Length says otherwise.
  std::uint64_t max_json_bytes = std::numeric_limits<std::uint64_t>::max();
  std::vector<std::string> types{};  ///< Of its Content-Type; empty for any.
  bool needs_type = true;            ///< Whether a request without Content-Type is refused.
  std::string advice{};              ///< What to do if the body is too long.

  std::uint64_t max_bytes_of(const Request& request) const;
  /// 415 if the body is of another type, or encoded.
  std::optional<Response> refusal_of(const Request& request) const;
};

struct Route {
  std::string method;   ///< "GET" stands for HEAD too.
  std::string pattern;  ///< "/v2/models/{name}": at most one segment in braces, for any text.
  Handler handler;
  BodyRules body{};
};

/// Which handler answers what.
class Router {
 public:
  struct Match {
    const Route* route = nullptr;  ///< Null where no route of this method has the path.
    std::string_view parameter;
    std::string allowed;  ///< The methods that the path has, "GET, HEAD"; empty for no such path.
  };

  void add(std::string method, std::string pattern, Handler handler, BodyRules body = {});
  const std::vector<Route>& routes() const { return routes_; }

  Match find(std::string_view method, std::string_view path) const;

 private:
  std::vector<Route> routes_;
};

}  // namespace digitry::serving
