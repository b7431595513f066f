#include "digitry/serving/http/connection.h"

#include <algorithm>
#include <boost/asio/dispatch.hpp>
#include <string_view>
#include <utility>

namespace digitry::serving {
namespace {

using boost::system::error_code;

constexpr std::chrono::seconds kOpeningTime{10};
// A client that is told of its mistake may have more under way; closing upon it would take the
// answer back.
constexpr std::chrono::seconds kLingeringTime{2};
// Requests that wait are given up by their queue; this is for what never answers.
constexpr std::chrono::seconds kHandlingExtra{5};
// As long as the longest, in all connections together.
constexpr std::size_t kMaxBodies = 16;
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

}  // namespace

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
          return self->refuse(error_response(408, "the request did not come to its end in time"));
        if (error) return self->close();
        self->filled_ += count;
        self->process();
      });
}

// Gives the reader what has come, and does what follows from it.
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
  if (!count_body()) return refuse(unavailable_response("too much is being sent; try again later"));
  reader_->take_expectation() ? invite_body() : read();
}

Admission Connection::admit(const Request& request) const {
  if (std::optional<Response> refusal = context_.hosts.refusal_of(request))
    return {.refusal = std::move(refusal)};
  return context_.service.admit(request);
}

// What clients send takes memory before anybody looks at it: one may send the most that is allowed,
// but not all of them at once.
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
  context_.service.refused(reader_->request(), response);
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
  // The read that is under way comes back, and the client is told.
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
