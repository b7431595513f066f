#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "digitry/serving/http/host_rules.h"
#include "digitry/serving/http/request_reader.h"
#include "digitry/serving/http/server.h"
#include "digitry/serving/http/transport.h"
#include "digitry/serving/service.h"

// Internal to serving.

namespace digitry::serving {

class Connection;

/// The connections that are open. May be used from several threads at once.
class ConnectionList {
 public:
  void add(const std::shared_ptr<Connection>& connection);
  void remove(const Connection* connection);
  std::vector<std::shared_ptr<Connection>> all() const;
  std::size_t size() const;

 private:
  mutable std::mutex mutex_;
  std::unordered_map<const Connection*, std::weak_ptr<Connection>> connections_;
};

/// What all connections of a server share; outlives them.
struct ConnectionContext {
  const ServerOptions& options;
  Service& service;
  HostRules hosts{};
  ConnectionList list{};
  std::atomic<bool> draining = false;
  std::atomic<std::size_t> body_bytes = 0;  ///< Of all requests that are read or answered now.
};

/// One client: reads requests, has them answered, writes the answers, one at a time. Lives as long
/// as something of it is under way.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  using Clock = std::chrono::steady_clock;

  Connection(std::unique_ptr<Transport> transport, std::string client, ConnectionContext& context);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void start();
  /// To be called every now and then, on any thread: ends what takes too long.
  void check_deadline(Clock::time_point now);
  /// On any thread: closes once there is no request under way; or `at_once`.
  void stop(bool at_once);

 private:
  enum class Phase {
    kOpening,   // TLS's handshake
    kReading,   // a request, or waiting for one
    kHandling,  // the service has it
    kWriting,   // the answer
    kClosing,   // the other side may still send what nobody reads any more
    kClosed,
  };

  void enter(Phase phase, Clock::duration time);
  void read();
  void process();
  Admission admit(const Request& request) const;
  bool count_body();
  void forget_body();
  void invite_body();
  void handle();
  void refuse(const Response& response, bool keep_alive = false);
  void write(Response response, bool keep_alive);
  void next_request();
  void give_up();
  void linger();
  void discard();
  void close();

  std::unique_ptr<Transport> transport_;
  const Strand strand_;
  const std::string client_;
  ConnectionContext& context_;
  Phase phase_ = Phase::kOpening;
  std::atomic<Clock::duration::rep> deadline_{0};
  std::optional<RequestReader> reader_;
  bool begun_ = false;       // something of the request has come
  bool head_only_ = false;   // what is answered now
  std::size_t counted_ = 0;  // of its body, in the context's sum
  bool timed_out_ = false;   // while reading
  std::vector<char> buffer_;
  std::size_t filled_ = 0;  // bytes of the buffer that the reader has not taken
  std::string head_;
  std::string body_;
};

}  // namespace digitry::serving
