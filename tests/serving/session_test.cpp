#include "digitry/serving/http/session.h"

#include <gmock/gmock.h>

#include "tests/serving/served.h"

namespace digitry::serving::test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::string cookie_of(const Response& response) {
  for (const auto& [name, value] : response.headers)
    if (name == "Set-Cookie") return value;
  return "";
}

TEST(Session, ACookieStandsForTheToken) {
  const std::string token = "s; e=c,r\"et";
  Served served({.token = token});
  EXPECT_EQ(served.get("/v1/page").status, 401);
  EXPECT_EQ(served.post("/v1/session", R"({"token": "wrong"})").status, 401);
  const Response begun = served.post("/v1/session", json{{"token", token}}.dump());
  EXPECT_EQ(begun.status, 200);
  const std::string cookie = cookie_of(begun);
  EXPECT_THAT(cookie, HasSubstr("; HttpOnly; SameSite=Strict; Path=/"));
  EXPECT_THAT(cookie, Not(HasSubstr("c,r")));
  const std::string pair = cookie.substr(0, cookie.find(';'));
  EXPECT_EQ(served.get("/v1/page", {{"Cookie", pair}}).status, 200);
  EXPECT_EQ(served.get("/v1/page", {{"cookie", "a=b; " + pair + "; c"}}).status, 200);
  EXPECT_EQ(served.get("/v1/page", {{"Authorization", "Bearer " + token}}).status, 200);
  for (const std::string& wrong :
       {std::string("digitry_session="), std::string("digitry_session"), pair + "0", "x" + pair,
        "digitry_session=" + token, std::string(";;=;"), std::string(" ")})
    EXPECT_EQ(served.get("/v1/page", {{"Cookie", wrong}}).status, 401) << wrong;
}

TEST(Session, HasACookieOfItsOwn) {
  Served served({.token = "secret"});
  const std::string body = R"({"token": "secret"})";
  const std::string first = cookie_of(served.post("/v1/session", body));
  const std::string second = cookie_of(served.post("/v1/session", body));
  EXPECT_NE(first, second);
  EXPECT_THAT(first, testing::MatchesRegex("digitry_session=[0-9a-f]{64}; .*"));
  EXPECT_THAT(first, HasSubstr("; Max-Age=43200"));
  for (const std::string& cookie : {first, second}) {
    const std::string pair = cookie.substr(0, cookie.find(';'));
    EXPECT_EQ(served.get("/v1/page", {{"Cookie", pair}}).status, 200);
    Served again({.token = "secret"});
    EXPECT_EQ(again.get("/v1/page", {{"Cookie", pair}}).status, 401) << "of another server";
  }
}

// A request with the cookie in the response `begun`.
Request with_cookie(const Response& begun) {
  const std::string cookie = cookie_of(begun);
  return {
      .method = "GET", .target = "/", .headers = {{"Cookie", cookie.substr(0, cookie.find(';'))}}};
}

TEST(Session, EndsAfterItsTime) {
  Sessions sessions({.token = "secret", .lifetime = std::chrono::seconds(100)});
  const auto start = Sessions::Clock::now();
  const Response begun =
      sessions.begin({.method = "POST", .target = "/", .body = R"({"token": "secret"})"}, start);
  EXPECT_THAT(cookie_of(begun), HasSubstr("; Max-Age=100"));
  EXPECT_TRUE(sessions.is_authorized(with_cookie(begun), start + std::chrono::seconds(99)));
  EXPECT_FALSE(sessions.is_authorized(with_cookie(begun), start + std::chrono::seconds(100)));
}

TEST(Session, TheOldestEndsIfThereAreTooMany) {
  Sessions sessions({.token = "secret", .max_sessions = 2});
  std::vector<Request> requests;
  for (int i = 0; i < 3; ++i)
    requests.push_back(with_cookie(
        sessions.begin({.method = "POST", .target = "/", .body = R"({"token": "secret"})"})));
  EXPECT_FALSE(sessions.is_authorized(requests[0]));
  EXPECT_TRUE(sessions.is_authorized(requests[1]));
  EXPECT_TRUE(sessions.is_authorized(requests[2]));
}

TEST(Session, GuessesCountForAMinuteAndOfFewClients) {
  GuessLimit limit({.max_wrong = 2, .window = std::chrono::seconds(60), .max_clients = 3});
  const auto start = GuessLimit::Clock::now();
  limit.add_wrong("a", start);
  EXPECT_FALSE(limit.is_reached("a", start));
  limit.add_wrong("a", start + std::chrono::seconds(1));
  EXPECT_TRUE(limit.is_reached("a", start + std::chrono::seconds(59)));
  EXPECT_FALSE(limit.is_reached("a", start + std::chrono::seconds(60)));
  for (const char* client : {"b", "c", "d"}) limit.add_wrong(client, start);
  EXPECT_FALSE(limit.is_reached("a", start)) << "forgotten: the oldest of four";
}

TEST(Session, GuessesAreFew) {
  Served served({.token = "secret"});
  const auto status = [&](const char* client, const char* token) {
    return served.service()
        .handle({.method = "POST",
                 .target = "/v1/session",
                 .headers = {{"Content-Type", "application/json"}},
                 .body = json{{"token", token}}.dump(),
                 .client = client})
        .status;
  };
  for (int i = 0; i < 10; ++i) EXPECT_EQ(status("192.0.2.1", "wrong"), 401);
  EXPECT_EQ(status("192.0.2.1", "wrong"), 429);
  EXPECT_EQ(status("192.0.2.1", "secret"), 429) << "else one more guess would be answered";
  EXPECT_EQ(status("192.0.2.2", "secret"), 200) << "others may go on";
}

TEST(Session, UnderTlsTheCookieGoesNoOtherWay) {
  Served plain({.token = "secret"});
  Served secure({.token = "secret", .secure = true});
  const std::string body = R"({"token": "secret"})";
  EXPECT_THAT(cookie_of(plain.post("/v1/session", body)), Not(HasSubstr("Secure")));
  EXPECT_THAT(cookie_of(secure.post("/v1/session", body)), HasSubstr("; Secure"));
}

TEST(Session, ThePageItselfIsOpen) {
  PageOptions page;
  page.files = {{"index.html", {"text/html", "page"}}, {"page.js", {"text/javascript", "1"}}};
  Served served({.token = "secret", .page = page});
  EXPECT_EQ(served.get("/").status, 200);
  EXPECT_EQ(served.get("/assets/page.js").status, 200);
  for (const char* path : {"/v1/runs", "/runs/a/report.html", "/metrics", "/v2", "/assets", "/x"})
    EXPECT_EQ(served.get(path).status, 401) << path;
}

TEST(Session, WithoutATokenThereIsNoCookie) {
  Served served;
  EXPECT_THAT(cookie_of(served.post("/v1/session", R"({"token": "any"})")), IsEmpty());
  for (const char* body : {"", "[]", "{}", R"({"token": 1})"})
    EXPECT_EQ(served.post("/v1/session", body).status, 400) << body;
}

}  // namespace
}  // namespace digitry::serving::test
