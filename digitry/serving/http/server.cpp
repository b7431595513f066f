#include "digitry/serving/http/server.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/ssl.h>
#include <simdjson.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/version.hpp>
#include <future>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "digitry/base/error.h"
#include "digitry/base/log.h"
#include "digitry/serving/http/connection.h"

namespace digitry::serving {

ServingInfo serving_info() {
  return {.boost_version = fmt::format("{}.{}.{}", BOOST_VERSION / 100'000,
                                       BOOST_VERSION / 100 % 1000, BOOST_VERSION % 100),
          .openssl_version = ::OpenSSL_version(OPENSSL_VERSION_STRING),
          .simdjson_version = SIMDJSON_STRINGIFY(SIMDJSON_VERSION),
          .simdjson_kernel = simdjson::get_active_implementation()->name()};
}

namespace asio = boost::asio;
namespace {

using asio::ip::tcp;

constexpr std::chrono::milliseconds kSweepInterval{200};
// Pause before the next attempt if the system has no descriptor or memory for a connection.
constexpr std::chrono::milliseconds kAcceptPause{100};
constexpr std::chrono::milliseconds kDrainPoll{5};

void check(const boost::system::error_code& error, const std::string& doing) {
  if (error) throw Error(ErrorCode::kUnavailable, "{}: {}", doing, error.message());
}

void check_file(const boost::system::error_code& error, const std::filesystem::path& path,
                const char* what) {
  if (error)
    throw Error(ErrorCode::kBadData, "{}: expected a {} in PEM: {}", path.string(), what,
                error.message());
}

asio::ssl::context make_tls_context(const ServerOptions& options) {
  asio::ssl::context context(asio::ssl::context::tls_server);
  ::SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
  ::SSL_CTX_set_options(context.native_handle(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  // Without this, OpenSSL would ask for the password of an encrypted key on the terminal.
  context.set_password_callback(
      [](std::size_t, asio::ssl::context::password_purpose) { return ""; });
  boost::system::error_code error;
  context.use_certificate_chain_file(options.tls_certificate.string(), error);
  check_file(error, options.tls_certificate, "certificate");
  context.use_private_key_file(options.tls_key.string(), asio::ssl::context::pem, error);
  check_file(error, options.tls_key, "key without a password");
  if (::SSL_CTX_check_private_key(context.native_handle()) != 1)
    throw Error(ErrorCode::kBadData, "{}: is not the key of {}", options.tls_key.string(),
                options.tls_certificate.string());
  return context;
}

void check_options(const ServerOptions& options) {
  if (options.port < 0 || options.port > 65535)
    throw Error(ErrorCode::kInvalidArgument, "port: expected 0 to 65535, got {}", options.port);
  if (options.num_threads < 1 || options.max_connections < 1)
    throw Error(ErrorCode::kInvalidArgument,
                "expected at least one thread and one connection, got {} and {}",
                options.num_threads, options.max_connections);
  if (options.tls_certificate.empty() != options.tls_key.empty())
    throw Error(ErrorCode::kInvalidArgument,
                "TLS: expected a certificate and its key, got only one of them");
}

}  // namespace

class Server::Impl {
 public:
  Impl(ServerOptions options, Service& service);
  ~Impl();

  tcp::endpoint endpoint() const { return endpoint_; }
  std::string url() const;
  bool drain(std::chrono::milliseconds timeout);

 private:
  void listen();
  void accept();
  void welcome(Socket socket);
  void turn_away(Socket socket) const;
  void sweep();
  void run_thread();
  void stop_listening();

  const ServerOptions options_;
  ConnectionContext context_;
  std::optional<asio::ssl::context> tls_;
  asio::io_context io_;
  asio::executor_work_guard<asio::io_context::executor_type> work_ = asio::make_work_guard(io_);
  Strand strand_ = asio::make_strand(io_);  // of the members below
  tcp::acceptor acceptor_{strand_};
  asio::steady_timer pause_{strand_};
  asio::steady_timer sweep_timer_{strand_};
  tcp::endpoint endpoint_;
  std::vector<std::thread> threads_;
};

Server::Impl::Impl(ServerOptions options, Service& service)
    : options_(std::move(options)), context_{options_, service} {
  check_options(options_);
  if (!options_.tls_certificate.empty()) tls_.emplace(make_tls_context(options_));
  listen();
  context_.hosts = HostRules(endpoint_.address(), options_.host, options_.allowed_hosts);
  accept();
  sweep();
  for (int i = 0; i < options_.num_threads; ++i) threads_.emplace_back([this] { run_thread(); });
}

Server::Impl::~Impl() {
  stop_listening();
  // Answers still being computed are handed to their connections on the threads of `io_`, so those
  // must run until the last connection is gone.
  for (;;) {
    const auto open = context_.list.all();
    if (open.empty() && context_.list.size() == 0) break;
    for (const std::shared_ptr<Connection>& connection : open) connection->stop(/*at_once=*/true);
    std::this_thread::sleep_for(kDrainPoll);
  }
  work_.reset();
  io_.stop();
  for (std::thread& thread : threads_) thread.join();
}

void Server::Impl::run_thread() {
  for (;;) {
    try {
      io_.run();
      return;
    } catch (const std::exception& error) {
      // The handler that threw has dropped its connection; the others continue.
      log(LogLevel::kWarning, fmt::format("a connection failed: {}", error.what()));
    }
  }
}

void Server::Impl::listen() {
  const std::string where = fmt::format("cannot listen on {}:{}", options_.host, options_.port);
  boost::system::error_code error;
  const auto found = tcp::resolver(io_).resolve(options_.host, std::to_string(options_.port),
                                                tcp::resolver::passive, error);
  check(error, where);
  endpoint_ = found.begin()->endpoint();
  acceptor_.open(endpoint_.protocol(), error);
  check(error, where);
  acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
  check(error, where);
  acceptor_.bind(endpoint_, error);
  check(error, where + " (choose another --host or --port)");
  acceptor_.listen(asio::socket_base::max_listen_connections, error);
  check(error, where);
  endpoint_ = acceptor_.local_endpoint(error);
  check(error, where);
}

void Server::Impl::accept() {
  acceptor_.async_accept(asio::make_strand(io_),
                         [this](const boost::system::error_code& error, Socket socket) {
                           if (!acceptor_.is_open()) return;
                           if (error) {
                             pause_.expires_after(kAcceptPause);
                             pause_.async_wait([this](const boost::system::error_code& ended) {
                               if (!ended && acceptor_.is_open()) accept();
                             });
                             return;
                           }
                           welcome(std::move(socket));
                           accept();
                         });
}

void Server::Impl::welcome(Socket socket) {
  boost::system::error_code ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  if (std::cmp_greater_equal(context_.list.size(), options_.max_connections))
    return turn_away(std::move(socket));
  const tcp::endpoint client = socket.remote_endpoint(ignored);
  const auto connection = std::make_shared<Connection>(
      tls_ ? make_tls_transport(std::move(socket), *tls_) : make_plain_transport(std::move(socket)),
      client.address().to_string(), context_);
  context_.list.add(connection);
  connection->start();
}

// Writes only what fits into the socket's buffer, without waiting for the client.
void Server::Impl::turn_away(Socket socket) const {
  context_.service.metrics().turned_away();
  if (tls_) return;
  Response response = error_response(503, "too many connections; try again later");
  response.headers.emplace_back("Retry-After", "1");
  const std::string bytes =
      response_head(response, /*keep_alive=*/false, std::chrono::system_clock::now()) +
      response.body;
  boost::system::error_code ignored;
  socket.non_blocking(true, ignored);
  socket.write_some(asio::buffer(bytes), ignored);
}

void Server::Impl::sweep() {
  sweep_timer_.expires_after(kSweepInterval);
  sweep_timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    const auto now = Connection::Clock::now();
    for (const std::shared_ptr<Connection>& connection : context_.list.all())
      connection->check_deadline(now);
    sweep();
  });
}

void Server::Impl::stop_listening() {
  context_.draining = true;
  std::promise<void> done;
  asio::post(strand_, [this, &done] {
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    pause_.cancel();
    done.set_value();
  });
  done.get_future().wait();  // No connection is added after this.
}

bool Server::Impl::drain(std::chrono::milliseconds timeout) {
  context_.service.set_draining();
  stop_listening();
  const auto until = Connection::Clock::now() + timeout;
  while (context_.list.size() > 0) {
    if (Connection::Clock::now() >= until) return false;
    for (const std::shared_ptr<Connection>& connection : context_.list.all())
      connection->stop(/*at_once=*/false);
    std::this_thread::sleep_for(kDrainPoll);
  }
  return true;
}

std::string Server::Impl::url() const {
  const std::string address = endpoint_.address().to_string();
  return fmt::format("{}://{}:{}", tls_ ? "https" : "http",
                     endpoint_.address().is_v6() ? "[" + address + "]" : address, endpoint_.port());
}

Server::Server(const ServerOptions& options, Service& service)
    : impl_(std::make_unique<Impl>(options, service)) {}

Server::~Server() = default;

int Server::port() const { return impl_->endpoint().port(); }

std::string Server::url() const { return impl_->url(); }

bool Server::is_local() const { return impl_->endpoint().address().is_loopback(); }

bool Server::drain(std::chrono::milliseconds timeout) { return impl_->drain(timeout); }

}  // namespace digitry::serving
