// Hostile requests to `digitry serve`: each is answered or its connection closed, and other clients
// are not affected.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "tests/app/digitry.h"
#include "tests/app/serve_process.h"
#include "tests/support/raw_client.h"

namespace digitry::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* kGetReady = "GET /v2/health/ready HTTP/1.1\r\nHost: localhost\r\n\r\n";

class HostileClients : public testing::Test {
 protected:
  void TearDown() override {
    ASSERT_TRUE(server_.running());
    EXPECT_EQ(server_.status("/v2/health/ready"), 200);
    const CommandResult ended = server_.stop();
    EXPECT_EQ(ended.exit_status, 0) << ended.err;
  }

  // All bytes that the server sends before it closes the connection.
  std::string answer_to(const std::string& bytes) {
    const RawClient client(server_.port());
    client.send(bytes);
    bool closed = false;
    std::string answer = client.receive_all(&closed);
    EXPECT_TRUE(closed);
    return answer;
  }

  ServeProcess server_{std::vector<std::string>{served_run(), "--timeout-seconds", "0.5",
                                                "--idle-seconds", "1", "--max-body-mib", "1",
                                                "--max-connections", "1200", "--quiet"}};
};

TEST_F(HostileClients, GarbageIsABadRequest) {
  for (const std::string& bytes :
       {std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xFC\x03\x03 a TLS hello", 23),
        std::string("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), std::string("\r\n\r\n\r\n"),
        std::string(100, '\0'), std::string("GET / HTTP/1.1\r\n\r\n"),
        std::string("\xFF\xFE\xFD\xFC\r\n\r\n")})
    EXPECT_THAT(answer_to(bytes),
                AllOf(StartsWith("HTTP/1.1 400 Bad Request\r\n"), HasSubstr("Connection: close"),
                      HasSubstr("{\"error\":\"")));
}

TEST_F(HostileClients, GarbageBehindARequestDoesNotTouchItsAnswer) {
  const std::string answer = answer_to(std::string(kGetReady) + kGetReady + "garbage\r\n\r\n");
  const std::size_t second = answer.find("HTTP/1.1", 1);
  ASSERT_NE(second, std::string::npos);
  const std::size_t third = answer.find("HTTP/1.1", second + 1);
  ASSERT_NE(third, std::string::npos);
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK"));
  EXPECT_THAT(answer.substr(second), StartsWith("HTTP/1.1 200 OK"));
  EXPECT_THAT(answer.substr(third), StartsWith("HTTP/1.1 400"));
}

TEST_F(HostileClients, WhatIsTooLongIsRefusedWithAnAnswer) {
  const std::string start = "POST /v2/models/digits/infer HTTP/1.1\r\nHost: localhost\r\n";
  EXPECT_THAT(answer_to(start + "X: " + std::string(1'000'000, 'x')), StartsWith("HTTP/1.1 431 "));
  EXPECT_THAT(answer_to("GET /" + std::string(100'000, 'x')), StartsWith("HTTP/1.1 431 "));
  EXPECT_THAT(answer_to(start + "Content-Length: 3000000\r\n\r\n" + std::string(3'000'000, 'x')),
              AllOf(StartsWith("HTTP/1.1 413 "), HasSubstr("1048576 bytes")));
  std::string chunks = start + "Transfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 20; ++i) chunks += "10000\r\n" + std::string(0x10000, 'x') + "\r\n";
  EXPECT_THAT(answer_to(chunks), StartsWith("HTTP/1.1 413 "));
}

TEST_F(HostileClients, WhatIsRefusedAnywayNeedsNoBody) {
  const auto answer = [&](const std::string& line) {
    return answer_to(line + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n");
  };
  EXPECT_THAT(answer("POST /nowhere"), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(answer("PUT /v2/models/digits/infer"),
              AllOf(StartsWith("HTTP/1.1 405 "), HasSubstr("Allow: POST\r\n")));
}

TEST_F(HostileClients, AnotherSitesNameIsRefused) {
  EXPECT_EQ(server_.status("/v2", {"--header", "Host: evil.example"}), 421);
  EXPECT_EQ(server_.status("/v2"), 200);
  ServeProcess named({served_run(), "--allowed-host", "digits.example", "--allowed-host",
                      "other.example:81", "--quiet"});
  EXPECT_EQ(named.status("/v2", {"--header", "Host: digits.example:80"}), 200);
  EXPECT_EQ(named.status("/v2", {"--header", "Host: other.example:81"}), 200);
  EXPECT_EQ(named.status("/v2", {"--header", "Host: other.example"}), 421);
}

TEST_F(HostileClients, SlownessEnds) {
  const RawClient silent(server_.port());
  const RawClient slow(server_.port());
  const RawClient slow_body(server_.port());
  slow_body.send(
      "POST /v2/models/digits/infer HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{");
  const std::string request = kGetReady;
  for (std::size_t i = 0; i + 4 < request.size() && i < 12; ++i) {
    slow.send(request.substr(i, 1));
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  bool closed = false;
  EXPECT_THAT(slow.receive_all(&closed), StartsWith("HTTP/1.1 408 Request Timeout\r\n"));
  EXPECT_TRUE(closed);
  EXPECT_THAT(slow_body.receive_all(&closed), StartsWith("HTTP/1.1 408 "));
  EXPECT_EQ(silent.receive_all(&closed), "") << "idle: nobody to answer";
  EXPECT_TRUE(closed);
}

TEST_F(HostileClients, AThousandIdleConnectionsAreNoHindrance) {
  std::vector<RawClient> idle;
  for (int i = 0; i < 1000; ++i) {
    idle.emplace_back(server_.port());
    if (i % 2 == 0) idle.back().send("GET /v2 HT");
  }
  EXPECT_EQ(server_.status("/v2"), 200);
}

TEST_F(HostileClients, ConnectionsThatBreakOffAreForgotten) {
  for (int i = 0; i < 50; ++i) {
    const RawClient client(server_.port());
    client.send(
        "POST /v2/models/digits/infer HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{");
  }
  for (int i = 0; i < 50; ++i) RawClient(server_.port()).send(kGetReady);
  // The connection of this request counts, too.
  std::string metrics;
  for (int i = 0; i < 500; ++i) {
    metrics = server_.curl("/metrics").out;
    if (metrics.find("digitry_http_open_connections 1\n") != std::string::npos) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  FAIL() << metrics;
}

TEST_F(HostileClients, AHalfClosedConnectionGetsItsAnswer) {
  const RawClient client(server_.port());
  client.send(kGetReady);
  client.finish();
  EXPECT_THAT(client.receive_all(), StartsWith("HTTP/1.1 200 OK"));
}

TEST_F(HostileClients, PipelinedRequestsAreAnsweredInOrder) {
  std::string requests;
  for (int i = 0; i < 100; ++i)
    requests += "GET /" + std::to_string(i) + "? HTTP/1.1\r\nHost: localhost\r\n\r\n";
  requests += "GET /v2 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  const std::string answers = answer_to(requests);
  std::size_t at = 0;
  for (int i = 0; i < 100; ++i) {
    at = answers.find("no such path: /" + std::to_string(i) + ";", at);
    ASSERT_NE(at, std::string::npos) << i;
  }
  EXPECT_NE(answers.find("\"extensions\"", at), std::string::npos);
}

TEST_F(HostileClients, ABodyIsInvited) {
  const RawClient client(server_.port());
  client.send(
      "POST /v2/models/digits/infer HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
      "Content-Length: 2\r\n\r\n");
  EXPECT_EQ(client.receive_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("{}");
  EXPECT_THAT(client.receive_until("}"), StartsWith("HTTP/1.1 400 "));
}

TEST(ServeLimits, BodiesAreBoundedInTheirSum) {
  ServeProcess server({served_run(), "--max-body-mib", "1", "--quiet"});
  const std::string most =
      "POST /v2/models/digits/infer HTTP/1.1\r\nHost: localhost\r\n"
      "Content-Length: 1048576\r\n\r\n" +
      std::string(1'000'000, ' ');
  std::vector<RawClient> clients;  // None of them sends its last bytes.
  for (int i = 0; i < 20; ++i) {
    clients.emplace_back(server.port());
    clients.back().send(most);
  }
  std::string metrics;
  for (int i = 0; i < 500 && metrics.find("status=\"503\"} 4\n") == std::string::npos; ++i) {
    metrics = server.curl("/metrics").out;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_THAT(metrics, HasSubstr("status=\"503\"} 4\n")) << "16 bodies of 20 have room";
  EXPECT_EQ(server.status("/v2"), 200) << "small requests go on";
  clients.clear();
  RawClient last(server.port());
  last.send(most + std::string(48'576, ' '));
  EXPECT_THAT(last.receive_until("}"), StartsWith("HTTP/1.1 400 ")) << "there is room again";
}

TEST(ServeLimits, ConnectionsOverTheLimitAreTurnedAway) {
  ServeProcess server({served_run(), "--max-connections", "3", "--quiet"});
  std::vector<RawClient> clients;
  for (int i = 0; i < 3; ++i) {
    clients.emplace_back(server.port());
    clients.back().send(kGetReady);
    EXPECT_THAT(clients.back().receive_until("}"), HasSubstr("200 OK"));
  }
  const RawClient fourth(server.port());
  EXPECT_THAT(fourth.receive_all(),
              AllOf(StartsWith("HTTP/1.1 503 "), HasSubstr("Retry-After: 1\r\n")));
  clients[0].send(kGetReady);
  EXPECT_THAT(clients[0].receive_until("}"), HasSubstr("200 OK"));
  clients.clear();
  for (int i = 0; i < 500 && server.status("/v2") != 200; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_EQ(server.status("/v2"), 200);
}

}  // namespace
}  // namespace digitry::test
