#include "digitry/serving/session.h"

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
