#include "digitry/serving/http/host_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/ip/host_name.hpp>
#include <charconv>
#include <utility>

#include "digitry/base/error.h"

namespace digitry::serving {
namespace {

using boost::asio::ip::address;

bool is_port(std::string_view text) {
  std::uint16_t port = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, port);
  return !text.empty() && error == std::errc() && stop == end;
}

bool is_name_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_';
}

std::optional<address> address_in(const std::string& text) {
  boost::system::error_code error;
  const address found = boost::asio::ip::make_address(text, error);
  return error ? std::nullopt : std::optional(found);
}

}  // namespace

HostRules::HostRules(boost::asio::ip::address address, const std::string& host,
                     const std::vector<std::string>& allowed)
    : any_(std::ranges::find(allowed, "*") != allowed.end()), address_(std::move(address)) {
  for (const std::string& text : allowed) {
    if (text == "*") continue;
    std::optional<Name> name = parse(text);
    if (!name)
      throw Error(ErrorCode::kInvalidArgument,
                  "allowed host: expected NAME, NAME:PORT or *, got \"{}\"", text);
    names_.push_back(std::move(*name));
  }
  const auto add = [this](const std::string& text) {
    if (std::optional<Name> name = parse(text)) names_.push_back(std::move(*name));
  };
  add(host);
  if (address_.is_loopback() || address_.is_unspecified()) add("localhost");
  boost::system::error_code error;
  if (address_.is_unspecified()) add(boost::asio::ip::host_name(error));
}

// "name", "name:port", "[v6]" or "[v6]:port".
std::optional<HostRules::Name> HostRules::parse(std::string_view host) {
  Name result;
  const bool in_brackets = host.starts_with('[');
  const std::size_t end = in_brackets ? host.find(']') : host.find(':');
  if (in_brackets && end == std::string_view::npos) return std::nullopt;
  std::string_view name = in_brackets ? host.substr(1, end - 1) : host.substr(0, end);
  const std::string_view rest =
      host.substr(std::min(host.size(), in_brackets ? end + 1 : name.size()));
  if (!rest.empty() && (rest.front() != ':' || !is_port(rest.substr(1)))) return std::nullopt;
  if (!in_brackets && name.ends_with('.')) name.remove_suffix(1);
  if (name.empty() ||
      (in_brackets ? !address_in(std::string(name)) : !std::ranges::all_of(name, is_name_letter)))
    return std::nullopt;
  for (const char c : name)
    result.name += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  if (!rest.empty()) result.port = rest.substr(1);
  return result;
}

bool HostRules::allows_address(const address& host) const {
  if (address_.is_unspecified()) return true;
  return address_.is_loopback() ? host.is_loopback() : host == address_;
}

bool HostRules::allows(std::string_view host) const {
  if (any_) return true;
  const std::optional<Name> asked = parse(host);
  if (!asked) return false;
  if (const auto literal = address_in(asked->name); literal && allows_address(*literal))
    return true;
  return std::ranges::any_of(names_, [&](const Name& own) {
    return own.name == asked->name && (own.port.empty() || own.port == asked->port);
  });
}

std::optional<Response> HostRules::refusal_of(const Request& request) const {
  if (any_ || request.path().starts_with("/v2/health/")) return std::nullopt;
  const std::string* header = request.find_header("Host");
  std::optional<std::string_view> refused;
  if (header != nullptr && !allows(*header)) refused = *header;
  if (const auto target = request.target_authority(); !target.empty() && !allows(target))
    refused = target;
  if (!refused) return std::nullopt;
  const std::optional<Name> name = parse(*refused);
  return error_response(
      421, name ? fmt::format("host \"{}\" is not allowed; to allow it, start the server with "
                              "--allowed-host {}",
                              *refused, name->name)
                : fmt::format("Host: expected NAME or NAME:PORT, got \"{}\"", *refused));
}

}  // namespace digitry::serving
