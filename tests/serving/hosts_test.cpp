// The host names that a server accepts. A page of another name that resolves to the server (DNS
// rebinding) is rejected.

#include <gmock/gmock.h>

#include <optional>

#include "digitry/serving/http/host_rules.h"
#include "digitry/serving/http/server.h"
#include "tests/serving/served.h"
#include "tests/support/errors.h"
#include "tests/support/raw_client.h"

namespace digitry::serving::test {
namespace {

class ServedNames : public testing::Test {
 protected:
  void listen(const ServerOptions& options = {.port = 0}) {
    server_.emplace(options, served_.service());
  }

  std::string answer_to(const std::string& request) const {
    const digitry::test::RawClient client(server_->port());
    client.send(request + "\r\n");
    return client.receive_until("}");
  }
  int status(const std::string& request) const {
    const std::string answer = answer_to(request);
    return answer.size() < 12 ? 0 : std::stoi(answer.substr(9, 3));
  }
  int status_of_host(const std::string& host, const std::string& path = "/v2") const {
    return status("GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\n");
  }

  Served served_;
  std::optional<Server> server_;
};

TEST(HostRules, FollowTheAddressAndTheNamesThatAreAllowed) {
  const auto rules = [](const char* address, const std::vector<std::string>& allowed) {
    return HostRules(boost::asio::ip::make_address(address), address, allowed);
  };
  const HostRules everywhere = rules("0.0.0.0", {});
  for (const char* own : {"192.0.2.1:80", "[2001:db8::1]:8080", "0.0.0.0", "localhost:1"})
    EXPECT_TRUE(everywhere.allows(own)) << own;
  EXPECT_FALSE(everywhere.allows("evil.example")) << "a name may lead anywhere";
  const HostRules one = rules("192.0.2.1", {"Digits.Example", "b.example:8443", "[2001:db8::1]"});
  for (const char* own : {"192.0.2.1", "192.0.2.1:8080", "digits.example", "digits.example.:99",
                          "B.example:8443", "[2001:db8::1]:3"})
    EXPECT_TRUE(one.allows(own)) << own;
  for (const char* other : {"192.0.2.2", "localhost", "127.0.0.1", "b.example", "b.example:80",
                            "a.digits.example", "digits.example:", "2001:db8::1"})
    EXPECT_FALSE(one.allows(other)) << other;
  EXPECT_TRUE(rules("127.0.0.1", {"*"}).allows("evil.example"));
  for (const char* no_name : {"", "a b", "http://a", "a:b", "a/b", "*.example", "[a]", "a@b"})
    digitry::test::expect_error(ErrorCode::kInvalidArgument, {"allowed host: expected NAME"},
                                [&] { rules("127.0.0.1", {no_name}); });
}

TEST_F(ServedNames, ALoopbackServerAnswersToItsOwnNamesAlone) {
  listen();
  const std::string port = ":" + std::to_string(server_->port());
  for (const std::string& own :
       std::vector<std::string>{"127.0.0.1" + port, "localhost" + port, "LocalHost." + port,
                                "[::1]" + port, "localhost", "127.0.0.1"})
    EXPECT_EQ(status_of_host(own), 200) << own;
  for (const std::string& other : std::vector<std::string>{
           "evil.example" + port, "evil.example", "localhost.evil.example" + port,
           "127.0.0.1.evil.example", "192.0.2.1" + port, "localhost:", "localhost:x",
           "localhost:99999", "localhost@evil.example", "[::1", "", "localhost localhost"})
    EXPECT_EQ(status_of_host(other), 421) << other;
}

TEST_F(ServedNames, NothingIsReadOrComputedForAnotherName) {
  listen();
  for (const char* request :
       {"GET /metrics HTTP/1.1\r\nHost: evil.example\r\n",
        "GET /nowhere HTTP/1.1\r\nHost: evil.example\r\n",
        "POST /v2/models/small/infer HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 9\r\n",
        "GET http://evil.example/v2 HTTP/1.1\r\nHost: localhost\r\n",
        "GET http://localhost/v2 HTTP/1.1\r\nHost: evil.example\r\n"})
    EXPECT_EQ(status(request), 421) << request;
  EXPECT_EQ(status("GET http://localhost/v2 HTTP/1.1\r\nHost: localhost\r\n"), 200);
  const std::string answer = answer_to("GET /v2 HTTP/1.1\r\nHost: evil.example:80\r\n");
  EXPECT_THAT(answer, testing::StartsWith("HTTP/1.1 421 Misdirected Request\r\n"));
  EXPECT_THAT(answer, testing::HasSubstr("--allowed-host evil.example"));
}

TEST_F(ServedNames, AConnectionOutlivesARefusedRequestWithoutABody) {
  listen();
  const digitry::test::RawClient client(server_->port());
  client.send("GET /v2 HTTP/1.1\r\nHost: evil.example\r\n\r\n");
  EXPECT_THAT(client.receive_until("}"), testing::StartsWith("HTTP/1.1 421 "));
  client.send("GET /v2 HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_THAT(client.receive_until("}"), testing::StartsWith("HTTP/1.1 200 "));
}

TEST_F(ServedNames, ProbesMayUseAnyName) {
  listen();
  EXPECT_EQ(status_of_host("probe.example", "/v2/health/live"), 200);
  EXPECT_EQ(status_of_host("probe.example", "/v2/health/ready"), 200);
  EXPECT_EQ(status("GET /v2 HTTP/1.0\r\n"), 200) << "no browser sends no Host";
}

TEST_F(ServedNames, APageOfAnotherOriginChangesNothing) {
  listen();
  const std::string port = ":" + std::to_string(server_->port());
  const auto post = [&](const std::string& origin) {
    return status("POST /v2/models/small/infer HTTP/1.1\r\nHost: localhost" + port +
                  "\r\nOrigin: " + origin + "\r\nContent-Length: 0\r\n");
  };
  EXPECT_EQ(post("http://localhost" + port), 400) << "no inference request, but one that is read";
  for (const std::string& origin : std::vector<std::string>{
           "null", "http://evil.example", "http://127.0.0.1" + port, "http://localhost:1", ""})
    EXPECT_EQ(post(origin), 403) << origin;
  EXPECT_EQ(status("GET /v2 HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil.example\r\n"), 200);
}

}  // namespace
}  // namespace digitry::serving::test
