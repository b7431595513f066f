// Limits of bodies: each route accepts only what it can use, and no more is read.

#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <optional>

#include "digitry/serving/http/server.h"
#include "tests/serving/served.h"
#include "tests/support/raw_client.h"

namespace digitry::serving::test {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr std::size_t kHostileBytes = std::size_t{15} << 20;

class Bodies : public testing::Test {
 protected:
  Bodies() {
    PageOptions page;
    page.files = {{"index.html", {"text/html", "page"}}};
    page.corrections = folder_ / "mine";
    page.runs = folder_.path();
    page.read = [this](const auto&, std::string_view, ReadEffort) {
      read_called_ = true;
      return std::string("{}");
    };
    served_.emplace(ServiceOptions{.on_answer =
                                       [this](const AccessRecord& record) {
                                         largest_body_ =
                                             std::max(largest_body_, record.request_bytes);
                                       },
                                   .page = page});
    server_.emplace(
        ServerOptions{.port = 0, .limits = {}, .request_timeout = std::chrono::milliseconds(500)},
        served_->service());
  }

  // The answer to a request with `headers` if only the beginning of its body is sent.
  std::string answer_to(const std::string& method, const std::string& target,
                        const std::string& headers, const std::string& body_start = "") const {
    const digitry::test::RawClient client(server_->port());
    client.send(method + " " + target + " HTTP/1.1\r\nHost: localhost\r\n" + headers + "\r\n" +
                body_start);
    return client.receive_until("}");
  }

  static std::string length(std::size_t bytes) {
    return "Content-Length: " + std::to_string(bytes) + "\r\n";
  }

  const TemporaryFolder folder_;
  std::atomic<bool> read_called_ = false;
  std::size_t largest_body_ = 0;
  std::optional<Served> served_;
  std::optional<Server> server_;
};

std::string with_values(std::string pattern) {
  if (pattern.find("{name}/") != std::string::npos || pattern.ends_with("models/{name}"))
    pattern.replace(pattern.find("{name}"), 6, "small");
  return pattern + "?model=small";
}

TEST_F(Bodies, ARouteThatTakesNoneRefusesOneBeforeItComes) {
  for (const Route& route : served_->service().router().routes()) {
    if (route.method != "GET") continue;
    EXPECT_THAT(answer_to("GET", with_values(route.pattern), length(kHostileBytes)),
                StartsWith("HTTP/1.1 413 "))
        << route.pattern;
    EXPECT_THAT(
        answer_to("GET", with_values(route.pattern), "Transfer-Encoding: chunked\r\n", "10000\r\n"),
        StartsWith("HTTP/1.1 413 "))
        << route.pattern;
  }
}

TEST_F(Bodies, TooLongABodyIsRefusedBeforeItComes) {
  const std::string json = "Content-Type: application/json\r\n";
  for (const Route& route : served_->service().router().routes()) {
    if (route.method != "POST" || route.pattern == "/v1/read") continue;
    const std::string target = with_values(route.pattern);
    EXPECT_THAT(answer_to("POST", target, json + length(kHostileBytes)),
                StartsWith("HTTP/1.1 413 "))
        << target;
    EXPECT_THAT(answer_to("POST", target, json + "Transfer-Encoding: chunked\r\n",
                          "F00000\r\n" + std::string(1000, '[')),
                StartsWith("HTTP/1.1 413 "))
        << target;
  }
  EXPECT_LE(largest_body_, 1000U);
}

TEST_F(Bodies, AnotherTypeIsRefusedBeforeItComes) {
  for (const Route& route : served_->service().router().routes()) {
    if (route.method != "POST") continue;
    for (const char* type : {"text/plain", "image/tiff", "image/bmp", "multipart/form-data"})
      EXPECT_THAT(answer_to("POST", with_values(route.pattern),
                            std::string("Content-Type: ") + type + "\r\n" + length(1000)),
                  StartsWith("HTTP/1.1 415 "))
          << route.pattern << " " << type;
  }
  EXPECT_FALSE(read_called_);
  EXPECT_EQ(largest_body_, 0U);
}

TEST_F(Bodies, ASessionTakesFourKibibytesOfJson) {
  const std::string token = R"({"token": "x"})";
  const auto status = [&](std::size_t size, const Headers& headers) {
    return served_->post("/v1/session", token + std::string(size - token.size(), ' '), headers)
        .status;
  };
  const Headers json{{"Content-Type", "application/json"}};
  EXPECT_EQ(status(4096, json), 200);
  EXPECT_EQ(status(4097, json), 413);
  EXPECT_EQ(status(100, {}), 415);
  EXPECT_EQ(status(100, {{"Content-Type", "text/plain"}}), 415);
  EXPECT_EQ(status(100, {{"Content-Type", "application/json"}, {"Content-Encoding", "gzip"}}), 415);
}

TEST_F(Bodies, InferenceTakesTwoMebibytesOfJsonAndMoreInBinary) {
  const std::string infer = "/v2/models/small/infer";
  const std::string too_long = answer_to(
      "POST", infer, "Content-Type: application/json\r\n" + length((std::size_t{2} << 20) + 1));
  EXPECT_THAT(too_long, StartsWith("HTTP/1.1 413 "));
  EXPECT_THAT(too_long, HasSubstr("in binary"));
  json request = request_for(small_images(1));
  request["inputs"][0].erase("data");
  const std::int64_t count = 60'000;
  request["inputs"][0]["shape"] = {count, 16};
  request["inputs"][0]["datatype"] = "FP32";
  request["inputs"][0]["parameters"] = {{"binary_data_size", count * 64}};
  request["outputs"] = json::array({{{"name", "class"}}});
  const std::string head = request.dump();
  const Response response =
      served_->post(infer, head + std::string(static_cast<std::size_t>(count) * 64, '\0'),
                    {{"Content-Type", "application/octet-stream"},
                     {"Inference-Header-Content-Length", std::to_string(head.size())}});
  EXPECT_EQ(response.status, 200) << response.body.substr(0, 200);
  EXPECT_EQ(served_
                ->post(infer, std::string((std::size_t{2} << 20) + 1, '['),
                       {{"Inference-Header-Content-Length", "2097153"}})
                .status,
            413);
}

TEST_F(Bodies, DeepNestingIsNoQuestion) {
  for (const char* target :
       {"/v1/session", "/v1/explain?model=small", "/v1/corrections?model=small"}) {
    for (const std::string& deep : {std::string(4000, '['), [] {
                                      std::string objects;
                                      for (int i = 0; i < 800; ++i) objects += "{\"a\":";
                                      return objects;
                                    }()})
      EXPECT_EQ(served_->post(target, deep).status, 400) << target;
    const std::string closed =
        R"({"token": "x", "more": )" + std::string(100, '[') + std::string(100, ']') + "}";
    const Response response = served_->post(target, closed);
    EXPECT_EQ(response.status, 400) << target;
    EXPECT_THAT(error_of(response), HasSubstr("nested")) << target;
  }
}

}  // namespace
}  // namespace digitry::serving::test
