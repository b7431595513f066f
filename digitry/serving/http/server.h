#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "digitry/serving/http/request_reader.h"
#include "digitry/serving/service.h"

namespace digitry::serving {

/// Versions of the libraries that the server uses.
struct ServingInfo {
  std::string boost_version;     ///< "1.74.0"
  std::string openssl_version;   ///< "3.0.15"
  std::string simdjson_version;  ///< "3.0.1"
  std::string simdjson_kernel;   ///< The implementation chosen for this processor: "icelake".
};

ServingInfo serving_info();

struct ServerOptions {
  std::string host = "127.0.0.1";  ///< Address or name to listen on.
  /// Host headers to accept besides the server's own address: "name", "name:port", or "*" for any.
  /// HostRules describes which are accepted without being listed.
  std::vector<std::string> allowed_hosts{};
  int port = 8080;             ///< 0 chooses a free port.
  int num_threads = 1;         ///< Threads for connections; they also compute short requests.
  int max_connections = 2048;  ///< Further connections get 503.
  RequestLimits limits{};
  std::chrono::milliseconds request_timeout{30'000};  ///< To receive a request, and to send an
                                                      ///< answer.
  std::chrono::milliseconds idle_timeout{60'000};     ///< Between requests.
  std::filesystem::path tls_certificate{};            ///< PEM chain; empty for HTTP without TLS.
  std::filesystem::path tls_key{};                    ///< PEM, without a password.
};

/// Serves a Service over HTTP/1.1, with TLS 1.2 or later if a certificate is given.
class Server {
 public:
  /// Starts to listen. `service` must outlive the server. Throws Error{kUnavailable} if it cannot
  /// listen on the address, Error{kBadData} if certificate or key cannot be used,
  /// Error{kInvalidArgument} if an option is out of range or an allowed host is malformed.
  Server(const ServerOptions& options, Service& service);
  /// Closes all connections without waiting for answers.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  int port() const;
  /// "http://127.0.0.1:8080".
  std::string url() const;
  /// Whether it listens on a loopback address, so that only this machine can reach it.
  bool is_local() const;

  /// Stops listening and waits for the requests in progress. Returns true once all connections are
  /// closed, false if some are still open after `timeout`.
  bool drain(std::chrono::milliseconds timeout);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace digitry::serving
