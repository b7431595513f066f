#pragma once

#include <array>
#include <atomic>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/strand.hpp>
#include <boost/system/error_code.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "digitry/serving/http/host_rules.h"
#include "digitry/serving/http/request_reader.h"
#include "digitry/serving/http/server.h"
#include "digitry/serving/service.h"

// Internal to serving: one client, and the bytes that it sends and gets.

namespace digitry::serving {

using Strand = boost::asio::strand<boost::asio::io_context::executor_type>;
using Socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, Strand>;

/// The bytes of a connection, with or without TLS. Everything of one connection runs on the strand
/// of its socket.
class Transport {
 public:
  using Done = std::function<void(const boost::system::error_code&)>;
  using Moved = std::function<void(const boost::system::error_code&, std::size_t)>;
  using Parts = std::array<boost::asio::const_buffer, 2>;

  virtual ~Transport() = default;

  /// Does the TLS handshake, if there is one.
  virtual void open(Done done) = 0;
  virtual void read_some(boost::asio::mutable_buffer to, Moved done) = 0;
  /// Writes all of both parts. What they point to must live until `done` is called.
  virtual void write(const Parts& parts, Moved done) = 0;
  /// Ends the sending direction.
  virtual void finish(Done done) = 0;
  virtual Socket& socket() = 0;
};

std::unique_ptr<Transport> make_plain_transport(Socket socket);
/// TLS over the socket. `context` must outlive the transport.
std::unique_ptr<Transport> make_tls_transport(Socket socket, boost::asio::ssl::context& context);

class Connection;

/// The open connections. Thread-safe.
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

/// What all connections of a server share. It outlives them.
struct ConnectionContext {
  const ServerOptions& options;
  Service& service;
  HostRules hosts{};
  ConnectionList list{};
  std::atomic<bool> draining = false;
  std::atomic<std::size_t> body_bytes = 0;  ///< Sum over all requests being read or answered.
};

/// One client: reads requests, passes them to the service and writes the answers, one at a time.
/// Pending operations own the connection; it is destroyed after the last one.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  using Clock = std::chrono::steady_clock;

  Connection(std::unique_ptr<Transport> transport, std::string client, ConnectionContext& context);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void start();
  /// Closes the connection if the current phase takes too long. Call it regularly, on any thread.
  void check_deadline(Clock::time_point now);
  /// Closes the connection if no request is in progress, or in any case if `at_once`. Call it on
  /// any thread.
  void stop(bool at_once);

 private:
  enum class Phase {
    kOpening,   // TLS handshake
    kReading,   // reads a request or waits for one
    kHandling,  // the service computes the answer
    kWriting,   // writes the answer
    kClosing,   // discards what the client still sends
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
  bool begun_ = false;       // bytes of the request have been received
  bool head_only_ = false;   // the current request is HEAD
  std::size_t counted_ = 0;  // bytes of the body in the context's sum
  bool timed_out_ = false;   // the deadline passed while reading
  std::vector<char> buffer_;
  std::size_t filled_ = 0;  // bytes in the buffer that the reader has not consumed
  std::string head_;
  std::string body_;
};

}  // namespace digitry::serving
