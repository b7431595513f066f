#include "digitry/serving/http/connection.h"

#include <algorithm>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <string_view>
#include <utility>

namespace digitry::serving {
namespace {

using boost::system::error_code;

constexpr std::chrono::seconds kOpeningTime{10};
// After an error the client may still be sending. Closing at once would reset the connection before
// the client reads the answer.
constexpr std::chrono::seconds kLingeringTime{2};
// The queue gives up requests that wait too long; this limit catches handlers that never answer.
constexpr std::chrono::seconds kHandlingExtra{5};
// Limit of the sum of all bodies, in bodies of the largest size.
constexpr std::size_t kMaxBodies = 16;
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

class PlainTransport : public Transport {
 public:
  explicit PlainTransport(Socket socket) : socket_(std::move(socket)) {}

  void open(Done done) override { done({}); }
  void read_some(boost::asio::mutable_buffer to, Moved done) override {
    socket_.async_read_some(to, std::move(done));
  }
  void write(const Parts& parts, Moved done) override {
    boost::asio::async_write(socket_, parts, std::move(done));
  }
  void finish(Done done) override {
    boost::system::error_code error;
    socket_.shutdown(Socket::shutdown_send, error);
    done(error);
  }
  Socket& socket() override { return socket_; }

 private:
  Socket socket_;
};

class TlsTransport : public Transport {
 public:
  TlsTransport(Socket socket, boost::asio::ssl::context& context)
      : stream_(std::move(socket), context) {}

  void open(Done done) override {
    stream_.async_handshake(boost::asio::ssl::stream_base::server, std::move(done));
  }
  void read_some(boost::asio::mutable_buffer to, Moved done) override {
    stream_.async_read_some(to, std::move(done));
  }
  void write(const Parts& parts, Moved done) override {
    boost::asio::async_write(stream_, parts, std::move(done));
  }
  void finish(Done done) override { stream_.async_shutdown(std::move(done)); }
  Socket& socket() override { return stream_.next_layer(); }

 private:
  boost::asio::ssl::stream<Socket> stream_;
};

}  // namespace

std::unique_ptr<Transport> make_plain_transport(Socket socket) {
  return std::make_unique<PlainTransport>(std::move(socket));
}

std::unique_ptr<Transport> make_tls_transport(Socket socket, boost::asio::ssl::context& context) {
  return std::make_unique<TlsTransport>(std::move(socket), context);
}

void ConnectionList::add(const std::shared_ptr<Connection>& connection) {
  const std::lock_guard lock(mutex_);
  connections_.emplace(connection.get(), connection);
}

void ConnectionList::remove(const Connection* connection) {
  const std::lock_guard lock(mutex_);
  connections_.erase(connection);
}

std::vector<std::shared_ptr<Connection>> ConnectionList::all() const {
  std::vector<std::shared_ptr<Connection>> alive;
  const std::lock_guard lock(mutex_);
  for (const auto& [address, connection] : connections_)
    if (auto shared = connection.lock()) alive.push_back(std::move(shared));
  return alive;
}

std::size_t ConnectionList::size() const {
  const std::lock_guard lock(mutex_);
  return connections_.size();
}

Connection::Connection(std::unique_ptr<Transport> transport, std::string client,
                       ConnectionContext& context)
    : transport_(std::move(transport)),
      strand_(transport_->socket().get_executor()),
      client_(std::move(client)),
      context_(context) {
  context_.service.metrics().connected();
}

Connection::~Connection() {
  forget_body();
  context_.list.remove(this);
  context_.service.metrics().disconnected();
}

void Connection::start() {
  boost::asio::dispatch(strand_, [self = shared_from_this()] {
    self->enter(Phase::kOpening, kOpeningTime);
    self->transport_->open([self](const error_code& error) {
      if (self->phase_ == Phase::kClosed) return;
      if (error) return self->close();
      self->buffer_.resize(self->context_.options.limits.max_header_bytes);
      self->next_request();
    });
  });
}

void Connection::enter(Phase phase, Clock::duration time) {
  phase_ = phase;
  deadline_.store((Clock::now() + time).time_since_epoch().count(), std::memory_order_relaxed);
}

void Connection::check_deadline(Clock::time_point now) {
  const auto is_over = [this](Clock::time_point time) {
    return time.time_since_epoch().count() > deadline_.load(std::memory_order_relaxed);
  };
  if (!is_over(now)) return;
  boost::asio::dispatch(strand_, [self = shared_from_this(), is_over] {
    if (is_over(Clock::now())) self->give_up();
  });
}

void Connection::stop(bool at_once) {
  boost::asio::dispatch(strand_, [self = shared_from_this(), at_once] {
    const bool idle =
        self->phase_ == Phase::kOpening || (self->phase_ == Phase::kReading && !self->begun_);
    if (at_once || idle) self->close();
  });
}

void Connection::next_request() {
  forget_body();
  reader_.emplace(context_.options.limits,
                  [this](const Request& request) { return admit(request); });
  begun_ = false;
  enter(Phase::kReading, context_.options.idle_timeout);
  process();
}

void Connection::read() {
  transport_->read_some(
      boost::asio::buffer(buffer_.data() + filled_, buffer_.size() - filled_),
      [self = shared_from_this()](const error_code& error, std::size_t count) {
        if (self->phase_ == Phase::kClosed) return;
        if (self->timed_out_)
          return self->refuse(error_response(408, "timed out while reading the request"));
        if (error) return self->close();
        self->filled_ += count;
        self->process();
      });
}

// Passes the received bytes to the reader and acts on its state.
void Connection::process() {
  const std::size_t taken = reader_->feed({buffer_.data(), filled_});
  std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(taken),
            buffer_.begin() + static_cast<std::ptrdiff_t>(filled_), buffer_.begin());
  filled_ -= taken;
  if (reader_->started() && !std::exchange(begun_, true))
    enter(Phase::kReading, context_.options.request_timeout);
  switch (reader_->state()) {
    case RequestReader::State::kComplete:
      return handle();
    case RequestReader::State::kRefused:
      return refuse(reader_->refusal());
    case RequestReader::State::kIncomplete:
      break;
  }
  if (context_.draining && !begun_) return close();
  if (!count_body())
    return refuse(unavailable_response("too many large requests at once; try again later"));
  reader_->take_expectation() ? invite_body() : read();
}

Admission Connection::admit(const Request& request) const {
  if (std::optional<Response> refusal = context_.hosts.refusal_of(request))
    return {.refusal = std::move(refusal)};
  return context_.service.admit(request);
}

// Bodies take memory before any handler sees them. Each may have the largest size, but their sum is
// limited. False if it is exceeded.
bool Connection::count_body() {
  const std::size_t size = reader_->request().body.size();
  const std::size_t sum = context_.body_bytes += size - counted_;
  counted_ = size;
  return sum <= kMaxBodies * context_.options.limits.max_body_bytes;
}

void Connection::forget_body() { context_.body_bytes -= std::exchange(counted_, 0); }

void Connection::invite_body() {
  transport_->write({boost::asio::buffer(kContinue), boost::asio::const_buffer()},
                    [self = shared_from_this()](const error_code& error, std::size_t /*count*/) {
                      if (self->phase_ == Phase::kClosed) return;
                      error ? self->close() : self->read();
                    });
}

void Connection::handle() {
  if (const std::optional<Response> refusal = context_.hosts.refusal_of(reader_->request()))
    return refuse(*refusal, reader_->keep_alive());
  enter(Phase::kHandling, context_.options.request_timeout + kHandlingExtra);
  reader_->request().client = client_;
  head_only_ = reader_->request().method == "HEAD";
  const bool keep_alive = reader_->keep_alive();
  context_.service.handle(
      std::move(reader_->request()), [self = shared_from_this(), keep_alive](Response response) {
        boost::asio::dispatch(self->strand_,
                              [self, keep_alive, response = std::move(response)]() mutable {
                                if (self->phase_ == Phase::kHandling)
                                  self->write(std::move(response), keep_alive);
                              });
      });
}

void Connection::refuse(const Response& response, bool keep_alive) {
  reader_->request().client = client_;
  head_only_ = reader_->request().method == "HEAD";
  context_.service.record_refusal(reader_->request(), response);
  std::string().swap(reader_->request().body);
  forget_body();
  write(response, keep_alive);
}

void Connection::write(Response response, bool keep_alive) {
  keep_alive = keep_alive && !context_.draining;
  head_ = response_head(response, keep_alive, std::chrono::system_clock::now());
  body_ = head_only_ ? std::string() : std::move(response.body);
  enter(Phase::kWriting, context_.options.request_timeout);
  transport_->write(
      {boost::asio::buffer(head_), boost::asio::buffer(body_)},
      [self = shared_from_this(), keep_alive](const error_code& error, std::size_t /*count*/) {
        if (self->phase_ == Phase::kClosed) return;
        if (error) return self->close();
        if (keep_alive) return self->next_request();
        self->linger();
      });
}

void Connection::give_up() {
  if (phase_ != Phase::kReading || !begun_ || timed_out_) return close();
  // Cancelling the pending read calls its handler, which answers 408.
  timed_out_ = true;
  enter(Phase::kReading, kLingeringTime);
  error_code ignored;
  transport_->socket().cancel(ignored);
}

void Connection::linger() {
  enter(Phase::kClosing, kLingeringTime);
  transport_->finish([self = shared_from_this()](const error_code& error) {
    if (self->phase_ == Phase::kClosed) return;
    if (error) return self->close();
    self->discard();
  });
}

void Connection::discard() {
  transport_->read_some(
      boost::asio::buffer(buffer_),
      [self = shared_from_this()](const error_code& error, std::size_t /*count*/) {
        if (self->phase_ == Phase::kClosed) return;
        error ? self->close() : self->discard();
      });
}

void Connection::close() {
  phase_ = Phase::kClosed;
  error_code ignored;
  transport_->socket().close(ignored);
}

}  // namespace digitry::serving
