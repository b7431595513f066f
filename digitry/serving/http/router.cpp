#include "digitry/serving/http/router.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

namespace digitry::serving {
namespace {

// Whether `path` matches the pattern; sets `parameter` to the text that matches the braces.
bool matches(std::string_view pattern, std::string_view path, std::string_view& parameter) {
  const std::size_t open = pattern.find('{');
  if (open == std::string_view::npos) return path == pattern;
  const std::string_view before = pattern.substr(0, open);
  const std::string_view after = pattern.substr(pattern.find('}') + 1);
  if (path.size() <= before.size() + after.size() || !path.starts_with(before) ||
      !path.ends_with(after))
    return false;
  parameter = path.substr(before.size(), path.size() - before.size() - after.size());
  return parameter.find('/') == std::string_view::npos;
}

}  // namespace

std::uint64_t BodyRules::max_bytes_of(const Request& request) const {
  const bool all_json = request.find_header("Inference-Header-Content-Length") == nullptr;
  return all_json ? std::min(max_bytes, max_json_bytes) : max_bytes;
}

std::optional<Response> BodyRules::refusal_of(const Request& request) const {
  const std::string* type = request.find_header("Content-Type");
  const bool fits =
      types.empty() ||
      (type == nullptr ? !needs_type : std::ranges::any_of(types, [&](const std::string& one) {
        return is_media_type(*type, one);
      }));
  if (!fits)
    return error_response(415,
                          fmt::format("expected Content-Type {}, got {}", fmt::join(types, " or "),
                                      type == nullptr ? "none" : *type));
  const std::string* encoding = request.find_header("Content-Encoding");
  if (!types.empty() && encoding != nullptr && *encoding != "identity")
    return error_response(415, fmt::format("expected no Content-Encoding, got {}", *encoding));
  return std::nullopt;
}

void Router::add(std::string method, std::string pattern, Handler handler, BodyRules body) {
  routes_.push_back({std::move(method), std::move(pattern), std::move(handler), std::move(body)});
}

Router::Match Router::find(std::string_view method, std::string_view path) const {
  Match match;
  for (const Route& route : routes_) {
    std::string_view parameter;
    if (!matches(route.pattern, path, parameter)) continue;
    if (!match.allowed.empty()) match.allowed += ", ";
    match.allowed += route.method == "GET" ? "GET, HEAD" : route.method;
    if (route.method == method || (route.method == "GET" && method == "HEAD")) {
      match.route = &route;
      match.parameter = parameter;
    }
  }
  return match;
}

}  // namespace digitry::serving
