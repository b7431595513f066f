#include "digitry/serving/http/http.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

namespace digitry::serving {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

std::string path_of(const std::string& target) {
  const Request request{.method = "GET", .target = target};
  return std::string(request.path());
}

TEST(Request, QueryIsOneParameterDecoded) {
  const Request request{.method = "GET", .target = "/v1/read?a=1&model=my%20model&b&=c#model=x"};
  EXPECT_EQ(request.query("a"), "1");
  EXPECT_EQ(request.query("model"), "my model");
  EXPECT_EQ(request.query("b"), "");
  EXPECT_EQ(request.query("odel"), std::nullopt);
  for (const char* target : {"/v1/read", "/v1/read?", "/v1/read#?model=a", "/?model=%",
                             "/?model=%4", "/?model=%-1", "/?model=%zz", "/?amodel=x"})
    EXPECT_EQ((Request{.method = "GET", .target = target}).query("model"), std::nullopt) << target;
}

TEST(PercentEncoding, IsUndoneByDecoding) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  EXPECT_EQ(percent_decoded(percent_encoded(all)), all);
  EXPECT_EQ(percent_encoded("run 1/ä~"), "run%201%2F%C3%A4~");
}

TEST(Request, PathIsTheTargetWithoutTheRest) {
  EXPECT_EQ(path_of("/v2"), "/v2");
  EXPECT_EQ(path_of("/v2/"), "/v2");
  EXPECT_EQ(path_of("/"), "/");
  EXPECT_EQ(path_of("/v2?verbose=1#top"), "/v2");
  EXPECT_EQ(path_of("http://host:80/v2/models/a?x"), "/v2/models/a");
  EXPECT_EQ(path_of("http://host"), "/");
  EXPECT_EQ(path_of("/a?b=c://d/e"), "/a");
  EXPECT_EQ(path_of("*"), "*");
  EXPECT_EQ(path_of(""), "");
}

TEST(Request, NamesOfHeadersAreInAnyCase) {
  const Request request{.method = "GET", .target = "/", .headers = {{"conTENT-type", "a"}}};
  ASSERT_NE(request.find_header("Content-Type"), nullptr);
  EXPECT_EQ(*request.find_header("Content-Type"), "a");
  EXPECT_EQ(request.find_header("Content-Typ"), nullptr);
}

TEST(ErrorResponse, IsJsonWhateverTheMessage) {
  const Response response = error_response(400, "a \"quote\"\n\xFF\x01");
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.content_type, "application/json");
  EXPECT_EQ(nlohmann::json::parse(response.body).at("error"), "a \"quote\"\n\xEF\xBF\xBD\x01");
}

TEST(ResponseHead, HasWhatEveryAnswerHas) {
  Response response = error_response(405, "no");
  response.headers.emplace_back("Allow", "GET, HEAD");
  const std::string head =
      response_head(response, true, std::chrono::system_clock::from_time_t(784111777));
  EXPECT_THAT(head, StartsWith("HTTP/1.1 405 Method Not Allowed\r\n"));
  for (const char* line : {"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n", "Server: digitry\r\n",
                           "Connection: keep-alive\r\n", "Content-Type: application/json\r\n",
                           "Content-Length: 14\r\n", "X-Content-Type-Options: nosniff\r\n",
                           "Content-Security-Policy: default-src 'none'",
                           "Cache-Control: no-store\r\n", "Allow: GET, HEAD\r\n"})
    EXPECT_THAT(head, HasSubstr(line));
  EXPECT_THAT(head, EndsWith("\r\n\r\n"));
}

TEST(ResponseHead, LeavesAHandlersOwnPolicyAlone) {
  Response response;
  response.headers = {{"Content-Security-Policy", "default-src 'self'"},
                      {"Cache-Control", "max-age=60"}};
  const std::string head = response_head(response, false, {});
  EXPECT_THAT(head, HasSubstr("Content-Security-Policy: default-src 'self'\r\n"));
  EXPECT_THAT(head, HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(head, Not(HasSubstr("no-store")));
  EXPECT_THAT(head, Not(HasSubstr("'none'")));
}

}  // namespace
}  // namespace digitry::serving
