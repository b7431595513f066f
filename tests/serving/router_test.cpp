#include "digitry/serving/http/router.h"

#include <gtest/gtest.h>

namespace digitry::serving {
namespace {

class RouterTest : public testing::Test {
 protected:
  RouterTest() {
    for (const char* pattern : {"/v2", "/v2/models/{name}", "/v2/models/{name}/ready"})
      router_.add("GET", pattern, [](const Call&) {});
    router_.add("POST", "/v2/models/{name}/infer", [](const Call&) {});
    router_.add("POST", "/v2", [](const Call&) {});
  }

  // The pattern of the route for a request, or "none".
  std::string pattern(const std::string& method, const std::string& path) const {
    const Router::Match match = router_.find(method, path);
    return match.route == nullptr ? "none" : match.route->pattern;
  }

  Router router_;
};

TEST_F(RouterTest, FindsTheRouteOfAPath) {
  EXPECT_EQ(pattern("GET", "/v2"), "/v2");
  EXPECT_EQ(pattern("GET", "/v2/models/a.b"), "/v2/models/{name}");
  EXPECT_EQ(pattern("GET", "/v2/models/ready"), "/v2/models/{name}");
  EXPECT_EQ(pattern("GET", "/v2/models/a/ready"), "/v2/models/{name}/ready");
  EXPECT_EQ(pattern("POST", "/v2/models/a/infer"), "/v2/models/{name}/infer");
  EXPECT_EQ(router_.find("GET", "/v2/models/a.b").parameter, "a.b");
  EXPECT_EQ(router_.find("POST", "/v2/models/infer/infer").parameter, "infer");
}

TEST_F(RouterTest, FindsNoneForOtherPaths) {
  for (const char* path : {"", "/", "/v", "/v2/", "/v22", "/v2/models", "/v2/models/",
                           "/v2/models//ready", "/v2/models/a/b/ready", "/v2/models/a/readyx"}) {
    EXPECT_EQ(pattern("GET", path), "none") << path;
    EXPECT_EQ(router_.find("GET", path).allowed, "") << path;
  }
}

TEST_F(RouterTest, TellsTheMethodsOfAPath) {
  EXPECT_EQ(pattern("DELETE", "/v2"), "none");
  EXPECT_EQ(router_.find("DELETE", "/v2").allowed, "GET, HEAD, POST");
  EXPECT_EQ(router_.find("GET", "/v2/models/a/infer").allowed, "POST");
  EXPECT_EQ(pattern("HEAD", "/v2"), "/v2");
  EXPECT_EQ(pattern("get", "/v2"), "none") << "methods have a case";
}

}  // namespace
}  // namespace digitry::serving
