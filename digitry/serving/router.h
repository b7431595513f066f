#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "digitry/serving/http.h"

namespace digitry::serving {

/// One request on its way through a handler. The request lives until the handler returns, which may
/// be before the answer is given.
struct Call {
  const Request& request;
  std::string_view parameter;  ///< What stands for "{...}" in the route's pattern.
  Respond respond;
};

/// Answers a call, at once or later. What it throws is answered for it by `failure_response`.
using Handler = std::function<void(Call)>;

struct Route {
  std::string method;   ///< "GET" stands for HEAD too.
  std::string pattern;  ///< "/v2/models/{name}": at most one segment in braces, for any text.
  Handler handler;
};

/// Which handler answers what.
class Router {
 public:
  struct Match {
    const Route* route = nullptr;  ///< Null where no route of this method has the path.
    std::string_view parameter;
    std::string allowed;  ///< The methods that the path has, "GET, HEAD"; empty for no such path.
  };

  void add(std::string method, std::string pattern, Handler handler);
  const std::vector<Route>& routes() const { return routes_; }

  Match find(std::string_view method, std::string_view path) const;

 private:
  std::vector<Route> routes_;
};

}  // namespace digitry::serving
