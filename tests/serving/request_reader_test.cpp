#include "digitry/serving/http/request_reader.h"

#include <gmock/gmock.h>

namespace digitry::serving {
namespace {

using ::testing::HasSubstr;
using State = RequestReader::State;

constexpr const char* kGet = "GET /v2?x=1 HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n";

// Feeds `bytes` in pieces of `piece` bytes, as a connection does; returns the unconsumed rest.
std::string feed_all(RequestReader& reader, const std::string& bytes, std::size_t piece = 1 << 20) {
  std::string pending;
  for (std::size_t at = 0; at < bytes.size() && reader.state() == State::kIncomplete; at += piece) {
    pending += bytes.substr(at, piece);
    pending.erase(0, reader.feed(pending));
    if (reader.state() != State::kIncomplete && at + piece < bytes.size())
      pending += bytes.substr(at + piece);
  }
  return pending;
}

// The status of the reader's refusal; 0 if it accepts the request or needs more bytes.
int refusal_of(const std::string& bytes, const RequestLimits& limits = {}) {
  RequestReader reader(limits);
  feed_all(reader, bytes);
  return reader.state() == State::kRefused ? reader.refusal().status : 0;
}

TEST(RequestReader, ReadsARequestInPiecesOfAnySize) {
  const std::string bytes =
      "POST /v2/models/a/infer HTTP/1.1\r\nHost: a\r\nX-Odd:  two words \r\nContent-Length: "
      "5\r\n\r\nhello";
  for (const std::size_t piece : {1, 2, 7, 1000}) {
    RequestReader reader({});
    EXPECT_FALSE(reader.started());
    EXPECT_EQ(feed_all(reader, bytes, piece), "");
    ASSERT_EQ(reader.state(), State::kComplete) << piece;
    EXPECT_EQ(reader.request().method, "POST");
    EXPECT_EQ(reader.request().target, "/v2/models/a/infer");
    EXPECT_EQ(*reader.request().find_header("x-odd"), "two words");
    EXPECT_EQ(reader.request().body, "hello");
    EXPECT_TRUE(reader.keep_alive());
  }
}

TEST(RequestReader, ReadsChunks) {
  for (const std::size_t piece : {1, 1000}) {
    RequestReader reader({});
    feed_all(reader,
             "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
             "3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n",
             piece);
    ASSERT_EQ(reader.state(), State::kComplete);
    EXPECT_EQ(reader.request().body, "abc0123456789");
  }
}

TEST(RequestReader, LeavesTheNextRequestAlone) {
  RequestReader reader({});
  EXPECT_EQ(feed_all(reader, std::string(kGet) + "GET /next"), "GET /next");
  EXPECT_EQ(reader.state(), State::kComplete);
}

TEST(RequestReader, KnowsHowLongTheConnectionLasts) {
  const auto keep_alive = [](const std::string& bytes) {
    RequestReader reader({});
    feed_all(reader, bytes);
    EXPECT_EQ(reader.state(), State::kComplete) << bytes;
    return reader.keep_alive();
  };
  EXPECT_TRUE(keep_alive(kGet));
  EXPECT_FALSE(keep_alive("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
  EXPECT_FALSE(keep_alive("GET / HTTP/1.0\r\n\r\n"));
  EXPECT_TRUE(keep_alive("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
}

TEST(RequestReader, TellsOnceThatTheClientWaits) {
  RequestReader reader({});
  EXPECT_FALSE(reader.take_expectation());
  feed_all(reader,
           "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(reader.state(), State::kIncomplete);
  EXPECT_TRUE(reader.take_expectation());
  EXPECT_FALSE(reader.take_expectation());
  feed_all(reader, "ok");
  EXPECT_EQ(reader.state(), State::kComplete);
}

TEST(RequestReader, RefusesWhatIsNotHttp) {
  for (const char* bytes :
       {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "hello\r\n\r\n", "GET\r\n\r\n",
        "GET / HTTP/2.0\r\nHost: a\r\n\r\n", "GET / HTTP/1.1\nHost: a\n\n",
        "GET / HTTP/1.1\r\nHost a\r\n\r\n", "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nZ\r\n",
        "GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n"})
    EXPECT_EQ(refusal_of(bytes), 400) << bytes;
}

TEST(RequestReader, RefusesWhatTwoProgramsWouldReadDifferently) {
  EXPECT_EQ(refusal_of("GET / HTTP/1.1\r\n\r\n"), 400) << "no Host";
  EXPECT_EQ(refusal_of("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"), 400);
  EXPECT_EQ(refusal_of("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n"), 400);
  EXPECT_EQ(refusal_of("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
                       "Content-Length: 3\r\n\r\n"),
            400);
  EXPECT_EQ(refusal_of("GET / HTTP/1.0\r\n\r\n"), 0);
}

TEST(RequestReader, RefusesHeadersThatAreTooLong) {
  const RequestLimits limits{.max_header_bytes = 1000};
  const std::string start = "GET / HTTP/1.1\r\nHost: a\r\n";
  EXPECT_EQ(refusal_of(start + "X: " + std::string(900, 'a') + "\r\n\r\n", limits), 0);
  EXPECT_EQ(refusal_of(start + "X: " + std::string(1000, 'a') + "\r\n\r\n", limits), 431);
  EXPECT_EQ(refusal_of(start + "X: " + std::string(2000, 'a'), limits), 431) << "without an end";
  EXPECT_EQ(refusal_of("GET /" + std::string(2000, 'a'), limits), 431);
  std::string many = start;
  for (int i = 0; i < 200; ++i) many += "X: 1\r\n";
  EXPECT_EQ(refusal_of(many + "\r\n", limits), 431);
}

TEST(RequestReader, RefusesChunkHeadersWithoutAnEnd) {
  const std::string start =
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;" + std::string(2000, 'x');
  EXPECT_EQ(refusal_of(start, {.max_header_bytes = 1000}), 431);
}

TEST(RequestReader, RefusesBodiesThatAreTooLong) {
  const RequestLimits limits{.max_body_bytes = 10};
  const std::string start = "POST / HTTP/1.1\r\nHost: a\r\n";
  EXPECT_EQ(refusal_of(start + "Content-Length: 10\r\n\r\n0123456789", limits), 0);
  EXPECT_EQ(refusal_of(start + "Content-Length: 11\r\n\r\n", limits), 413);
  EXPECT_EQ(refusal_of(start + "Content-Length: 99999999999999999999\r\n\r\n", limits), 400);
  EXPECT_EQ(refusal_of(start + "Transfer-Encoding: chunked\r\n\r\n6\r\n012345\r\n5\r\n", limits),
            413);
}

TEST(RequestReader, AsksBeforeTheBodyWhetherItMayCome) {
  const std::string post = "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n";
  RequestReader refusing({}, [](const Request& request) {
    EXPECT_EQ(request.target, "/a");
    return Admission{.refusal = error_response(421, "not here")};
  });
  EXPECT_EQ(feed_all(refusing, post + "body"), "body");
  ASSERT_EQ(refusing.state(), State::kRefused);
  EXPECT_EQ(refusing.refusal().status, 421);

  RequestReader whole(
      {}, [](const Request&) { return Admission{.refusal = error_response(404, "no such path")}; });
  feed_all(whole, kGet);
  EXPECT_EQ(whole.state(), State::kComplete) << "the connection goes on";

  RequestReader limited({.max_body_bytes = 10}, [](const Request&) {
    return Admission{.max_body_bytes = 3, .advice = "send less"};
  });
  EXPECT_EQ(feed_all(limited, post + "body"), "body");
  ASSERT_EQ(limited.state(), State::kRefused);
  EXPECT_EQ(limited.refusal().status, 413);
  EXPECT_THAT(limited.refusal().body, HasSubstr("at most 3 bytes; send less"));
}

TEST(RequestReader, ABodyThatIsOnlyAnnouncedTakesNoMemory) {
  RequestReader reader({.max_body_bytes = std::uint64_t{1} << 40});
  feed_all(reader, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000000\r\n\r\nabc");
  EXPECT_EQ(reader.state(), State::kIncomplete);
  EXPECT_LT(reader.request().body.capacity(), 1000U);
}

}  // namespace
}  // namespace digitry::serving
