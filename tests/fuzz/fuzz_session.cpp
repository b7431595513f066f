#include <algorithm>
#include <boost/asio/ip/address.hpp>

#include "digitry/serving/http/host_rules.h"
#include "digitry/serving/http/session.h"
#include "tests/fuzz/fuzz_target.h"

// What clients can send without a token. The first line is a cookie, the second a Host, the rest is
// the body of a request to /v1/session.

namespace {

std::string_view take_line(std::string_view& bytes) {
  const std::string_view line = bytes.substr(0, bytes.find('\n'));
  bytes.remove_prefix(std::min(bytes.size(), line.size() + 1));
  return line;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace digitry;
  using namespace digitry::serving;
  constexpr const char* kToken = "0123456789abcdef";
  static const HostRules rules(boost::asio::ip::make_address("127.0.0.1"), "localhost",
                               {"digits.example:80"});
  return fuzz::run(data, size, [](std::string_view bytes) {
    Sessions sessions({.token = kToken, .max_sessions = 2});
    Request request{.method = "POST", .target = "/v1/session"};
    request.headers.emplace_back("Cookie", take_line(bytes));
    request.headers.emplace_back("Host", take_line(bytes));
    request.body = bytes;
    if (rules.refusal_of(request)) fuzz::require(!rules.allows(request.headers[1].second));
    fuzz::require(!sessions.is_authorized(request));  // No session has begun.
    const Response response = sessions.begin(request);
    fuzz::require(response.status == 401 || response.status == 200);
    fuzz::require(response.status == 401 || bytes.find(kToken) != std::string_view::npos ||
                  bytes.find('\\') != std::string_view::npos);
  });
}
