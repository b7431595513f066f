#pragma once

#include <boost/asio/ip/address.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "digitry/serving/http/http.h"

// Internal to serving: under which names a server answers. A page of another site may have its own
// name lead here (DNS rebinding); its browser would then take the server for that site. What the
// browser cannot do is to send another Host than the name in the page's address.

namespace digitry::serving {

/// Which Host headers are a server's own. The port is not compared, except with an allowed name
/// that has one: tunnels and containers have ports of their own, and no attack depends on it.
class HostRules {
 public:
  /// Any host.
  HostRules() = default;
  /// - A server that listens on a loopback address answers to localhost and loopback addresses,
  /// - one that listens on all addresses to localhost, any address, which needs no DNS, and this
  ///   machine's name,
  /// - another one to its address;
  /// each besides to `host`, as it was told to listen on, and to the names in `allowed`: "name",
  /// "name:port", "*" for any. Throws Error{kInvalidArgument} if one of these is no name.
  HostRules(boost::asio::ip::address address, const std::string& host,
            const std::vector<std::string>& allowed);

  bool allows(std::string_view host) const;
  /// 421 if the request is for another host. Routes under /v2/health/ have any name, and requests
  /// without a Host, of HTTP/1.0, none: no browser sends them.
  std::optional<Response> refusal_of(const Request& request) const;

 private:
  /// A name in lower case, or an address, and a port if it matters.
  struct Name {
    std::string name;
    std::string port{};
  };
  static std::optional<Name> parse(std::string_view host);
  bool allows_address(const boost::asio::ip::address& host) const;

  bool any_ = true;
  boost::asio::ip::address address_;
  std::vector<Name> names_;
};

}  // namespace digitry::serving
