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

/// What the server is made of.
struct ServingInfo {
  std::string boost_version;     ///< "1.74.0"
  std::string openssl_version;   ///< "3.0.15"
  std::string simdjson_version;  ///< "3.0.1"
  std::string simdjson_kernel;   ///< What it picked for this processor: "icelake".
};

ServingInfo serving_info();

struct ServerOptions {
  std::string host = "127.0.0.1";  ///< Address or name to listen on.
  /// Other names of the server: of a Host header, "name" or "name:port"; "*" for any. HostRules has
  /// those that it knows by itself.
  std::vector<std::string> allowed_hosts{};
  int port = 8080;             ///< 0 takes any that is free.
  int num_threads = 1;         ///< For connections; they also compute where nothing waits.
  int max_connections = 2048;  ///< More are turned away.
  RequestLimits limits{};
  std::chrono::milliseconds request_timeout{30'000};  ///< From a request's first byte to its last,
                                                      ///< and for the answer to be taken.
  std::chrono::milliseconds idle_timeout{60'000};     ///< Without a request.
  std::filesystem::path tls_certificate{};  ///< PEM, the chain; empty for HTTP without TLS.
  std::filesystem::path tls_key{};          ///< PEM, not encrypted.
};

/// Speaks HTTP/1.1, by TLS 1.2 or later where asked to, for a Service.
class Server {
 public:
  /// Listens from now on. `service` has to outlive the server. Throws Error{kUnavailable} where it
  /// cannot listen there, Error{kBadData} where certificate or key are not to be used,
  /// Error{kInvalidArgument} for options out of range.
  Server(const ServerOptions& options, Service& service);
  /// Closes all connections as they are.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  int port() const;
  /// "http://127.0.0.1:8080".
  std::string url() const;
  /// Whether it can be reached from this machine alone.
  bool is_local() const;

  /// Listens no more, lets requests that have begun come to their answers, and returns once all
  /// connections are closed or `timeout` is over; whether all were.
  bool drain(std::chrono::milliseconds timeout);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace digitry::serving
