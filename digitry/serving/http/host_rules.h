#pragma once

#include <boost/asio/ip/address.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "digitry/serving/http/http.h"

// Internal to serving: the host names that a server accepts. This is the defence against DNS
// rebinding: a page of another site can make its own name resolve to this server, and the browser
// would then treat the server as part of that site. The browser still sends that name as Host.

namespace digitry::serving {

/// Decides which Host headers a server accepts. The port is compared only with allowed names that
/// have one: tunnels and containers change ports, and no attack depends on the port.
class HostRules {
 public:
  /// Accepts any host.
  HostRules() = default;
  /// Accepts `host` (the name or address that was configured), the names in `allowed` ("name",
  /// "name:port", or "*" for any), and, depending on the address that the server listens on:
  /// - loopback: localhost and all loopback addresses;
  /// - all addresses: localhost, this machine's name, and any address (it involves no DNS);
  /// - another address: that address.
  /// Throws Error{kInvalidArgument} if an entry of `allowed` is not of one of these forms.
  HostRules(boost::asio::ip::address address, const std::string& host,
            const std::vector<std::string>& allowed);

  bool allows(std::string_view host) const;
  /// 421 if the request is for a host that is not accepted. Routes under /v2/health/ accept any
  /// host. Requests without a Host (HTTP/1.0) are accepted: no browser sends them.
  std::optional<Response> refusal_of(const Request& request) const;

 private:
  /// A lower-case name or an address, and the port if it is to be compared.
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
