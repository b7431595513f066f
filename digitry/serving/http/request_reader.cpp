#include "digitry/serving/http/request_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <utility>

namespace digitry::serving {
namespace http = boost::beast::http;
namespace {

using boost::system::error_code;
using BeastText = boost::beast::string_view;

std::string_view view(BeastText text) { return {text.data(), text.size()}; }

}  // namespace

// Writes the events of Beast's parser into a Request.
class RequestReader::Parser : public http::basic_parser<true> {
 public:
  Request request;
  bool expectation = false;
  bool old_version = false;  // HTTP/1.0

 private:
  void on_request_impl(http::verb /*method*/, BeastText method, BeastText target, int version,
                       error_code& /*error*/) override {
    request.method = view(method);
    request.target = view(target);
    old_version = version < 11;
  }
  void on_field_impl(http::field name, BeastText name_text, BeastText value,
                     error_code& /*error*/) override {
    if (name == http::field::expect && boost::beast::iequals(value, "100-continue"))
      expectation = true;
    request.headers.emplace_back(view(name_text), view(value));
  }
  std::size_t on_body_impl(BeastText body, error_code& /*error*/) override {
    // Reserve all of it once a sixteenth has arrived, which saves copies; not before, because the
    // announced length may be a lie.
    if (request.body.size() > announced_ / 16) request.body.reserve(announced_);
    request.body += view(body);
    return body.size();
  }
  std::size_t on_chunk_body_impl(std::uint64_t /*remaining*/, BeastText body,
                                 error_code& error) override {
    return on_body_impl(body, error);
  }
  void on_response_impl(int /*code*/, BeastText /*reason*/, int /*version*/,
                        error_code& /*error*/) override {}
  void on_header_impl(error_code& /*error*/) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>& content_length,
                         error_code& /*error*/) override {
    announced_ = static_cast<std::size_t>(content_length.value_or(0));
  }
  void on_chunk_header_impl(std::uint64_t /*size*/, BeastText /*extensions*/,
                            error_code& /*error*/) override {}
  void on_finish_impl(error_code& /*error*/) override {}

  std::size_t announced_ = 0;
};

RequestReader::RequestReader(const RequestLimits& limits, Admit admit)
    : limits_(limits),
      admit_(std::move(admit)),
      max_body_bytes_(limits.max_body_bytes),
      parser_(std::make_unique<Parser>()) {
  parser_->header_limit(limits.max_header_bytes);
  // The limit of the body depends on the headers: admit_body sets it.
  parser_->body_limit(std::numeric_limits<std::uint64_t>::max());
}

RequestReader::~RequestReader() = default;

std::size_t RequestReader::feed(std::string_view bytes) {
  std::size_t taken = 0;
  while (state_ == State::kIncomplete && taken < bytes.size()) {
    const bool in_headers = !parser_->is_header_done();
    error_code error;
    const std::size_t count =
        parser_->put(boost::asio::const_buffer(bytes.data() + taken, bytes.size() - taken), error);
    taken += count;
    if (error == http::error::need_more) {
      // Beast does not limit chunk headers and trailers.
      if (bytes.size() - taken >= limits_.max_header_bytes) refuse(431, "header too long");
      break;
    }
    if (error == http::error::header_limit) {
      refuse(431,
             fmt::format("headers too long: expected at most {} bytes", limits_.max_header_bytes));
    } else if (error == http::error::body_limit) {
      state_ = State::kRefused;
      refusal_ = too_long_response(max_body_bytes_, advice_);
    } else if (error) {
      refuse(400, fmt::format("not HTTP: {}", error.message()));
    } else {
      if (in_headers && parser_->is_header_done()) check_headers();
      if (state_ == State::kIncomplete && parser_->is_done()) state_ = State::kComplete;
    }
  }
  return taken;
}

// Rejects what two programs could parse as different requests (RFC 9112, sec. 3.2 and 6.1).
void RequestReader::check_headers() {
  const Request& request = parser_->request;
  const auto count = [&](http::field name) {
    return std::ranges::count_if(request.headers, [&](const auto& header) {
      return http::string_to_field(header.first) == name;
    });
  };
  const bool old = request.find_header("Host") == nullptr && parser_->old_version;
  if (!old && count(http::field::host) != 1) return refuse(400, "expected exactly one Host header");
  if (count(http::field::transfer_encoding) > 0 && !parser_->chunked())
    return refuse(400, "Transfer-Encoding: expected chunked");
  admit_body();
}

void RequestReader::admit_body() {
  if (admit_) {
    Admission admission = admit_(parser_->request);
    if (admission.refusal) {
      // The request has no body: the caller rejects it, and the connection stays usable.
      if (parser_->is_done()) return;
      state_ = State::kRefused;
      refusal_ = std::move(*admission.refusal);
      return;
    }
    max_body_bytes_ = std::min(max_body_bytes_, admission.max_body_bytes);
    advice_ = std::move(admission.advice);
  }
  if (parser_->content_length().value_or(0) > max_body_bytes_) {
    state_ = State::kRefused;
    refusal_ = too_long_response(max_body_bytes_, advice_);
    return;
  }
  parser_->body_limit(max_body_bytes_);
}

void RequestReader::refuse(int status, std::string_view message) {
  state_ = State::kRefused;
  refusal_ = error_response(status, message);
}

bool RequestReader::started() const { return parser_->got_some(); }

bool RequestReader::headers_done() const { return parser_->is_header_done(); }

bool RequestReader::take_expectation() {
  return headers_done() && std::exchange(parser_->expectation, false);
}

Request& RequestReader::request() { return parser_->request; }

bool RequestReader::keep_alive() const {
  return state_ == State::kComplete && parser_->keep_alive();
}

}  // namespace digitry::serving
