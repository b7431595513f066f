// The document of the API and the server are checked against each other.

#include <gmock/gmock.h>

#include <set>

#include "digitry/base/file.h"
#include "digitry/base/version.h"
#include "tests/serving/schema.h"
#include "tests/serving/served.h"

namespace digitry::serving::test {
namespace {

using ::testing::IsEmpty;

class OpenApi : public testing::Test {
 protected:
  // Checks an answer of `served` against the document's description of the operation.
  void expect_documented(const Response& response, const std::string& pattern,
                         const std::string& method) const {
    const std::string status = std::to_string(response.status);
    const json& responses = document_.at("paths").at(pattern).at(method).at("responses");
    ASSERT_TRUE(responses.contains(status)) << method << " " << pattern << ": " << status;
    const json& documented = checker_.resolve(responses.at(status));
    const std::string type = response.content_type.substr(0, response.content_type.find(';'));
    ASSERT_TRUE(documented.at("content").contains(type)) << pattern << ": " << type;
    const json& schema = documented.at("content").at(type).at("schema");
    if (type == "application/json") {
      EXPECT_THAT(SchemaChecker(document_).check(schema, json::parse(response.body)), IsEmpty())
          << pattern << " " << status;
    }
    for (const auto& [name, value] : response.headers)
      EXPECT_TRUE(documented.contains("headers") && documented.at("headers").contains(name))
          << pattern << " " << status << ": " << name;
  }

  const json document_ = json::parse(
      read_file(std::filesystem::path(DIGITRY_SOURCE_DIR) / "digitry/serving/openapi.json",
                std::uint64_t{1} << 20));
  const SchemaChecker checker_{document_};
};

TEST_F(OpenApi, IsServedAsItStandsInTheTree) {
  Served served;
  EXPECT_EQ(json::parse(served.get("/openapi.json").body), document_);
  EXPECT_EQ(document_.at("info").at("version"), version());
}

TEST_F(OpenApi, HasEveryRouteAndNoOther) {
  Served served;
  std::set<std::string> served_routes;
  for (const Route& route : served.service().router().routes()) {
    std::string method = route.method;
    for (char& c : method) c = static_cast<char>(std::tolower(c));
    served_routes.insert(method + " " + route.pattern);
  }
  std::set<std::string> documented;
  for (const auto& [pattern, operations] : document_.at("paths").items())
    for (const auto& [method, operation] : operations.items())
      if (method != "parameters") documented.insert(method + " " + pattern);
  EXPECT_EQ(served_routes, documented);
}

TEST_F(OpenApi, ReferencesLeadSomewhere) {
  const std::function<void(const json&)> follow = [&](const json& value) {
    if (value.is_object() && value.contains("$ref")) {
      EXPECT_NO_THROW(checker_.resolve(value));
    }
    if (value.is_structured())
      for (const json& inner : value) follow(inner);
  };
  follow(document_);
}

TEST_F(OpenApi, AnswersAreAsDocumented) {
  Served served;
  for (const char* pattern : {"/v2", "/v2/health/live", "/v2/health/ready", "/metrics",
                              "/openapi.json", "/", "/v1/page", "/v1/runs"})
    expect_documented(served.get(pattern), pattern, "get");
  for (const char* name : {"small", "other"}) {
    const std::string model = std::string("/v2/models/") + name;
    expect_documented(served.get(model), "/v2/models/{name}", "get");
    expect_documented(served.get(model + "/ready"), "/v2/models/{name}/ready", "get");
    expect_documented(served.post(model + "/infer", "{}"), "/v2/models/{name}/infer", "post");
  }
  served.service().set_draining();
  expect_documented(served.get("/v2/health/ready"), "/v2/health/ready", "get");
}

TEST_F(OpenApi, InferenceIsAsDocumented) {
  Served served;
  const std::string infer = "/v2/models/{name}/infer";
  json request = request_for(small_images(3));
  request["id"] = "1";
  const json& schema = document_.at("paths")
                           .at(infer)
                           .at("post")
                           .at("requestBody")
                           .at("content")
                           .at("application/json")
                           .at("schema");
  EXPECT_THAT(SchemaChecker(document_).check(schema, request), IsEmpty());
  const Response response = served.infer(request);
  ASSERT_EQ(response.status, 200);
  expect_documented(response, infer, "post");
  request["parameters"]["binary_data_output"] = true;
  EXPECT_THAT(SchemaChecker(document_).check(schema, request), IsEmpty());
  expect_documented(served.infer(request), infer, "post");
  request["outputs"] = json::array({{{"name", "scores"}}});
  EXPECT_THAT(SchemaChecker(document_).check(schema, request), testing::SizeIs(1));
  expect_documented(served.infer(request), infer, "post");
  expect_documented(served.post("/v2/models/small/infer", "x", {{"Content-Type", "text/plain"}}),
                    infer, "post");
}

TEST_F(OpenApi, ThePageIsAsDocumented) {
  const TemporaryFolder folder;
  make_folder(folder / "run");
  write_file_atomically(folder / "run/report.html", "<!doctype html>");
  write_file_atomically(folder / "run/metrics.json", R"({"evaluation": {"accuracy": 0.5}})");
  PageOptions page;
  page.files = {{"index.html", {"text/html; charset=utf-8", "<!doctype html>"}},
                {"page.js", {"text/javascript; charset=utf-8", "1"}}};
  page.corrections = folder / "corrections";
  page.runs = folder.path();
  Served served({.page = page});
  expect_documented(served.get("/"), "/", "get");
  expect_documented(served.get("/assets/page.js"), "/assets/{name}", "get");
  expect_documented(served.get("/assets/other"), "/assets/{name}", "get");
  expect_documented(served.get("/v1/page"), "/v1/page", "get");
  expect_documented(served.get("/v1/runs"), "/v1/runs", "get");
  expect_documented(served.get("/runs/run/report.html"), "/runs/{run}/report.html", "get");
  expect_documented(served.get("/runs/run/tune.html"), "/runs/{run}/tune.html", "get");
  const std::string question = R"({"image": "AAAAAAAA/wAAAAAAAAAAAA==", "class": "zero"})";
  expect_documented(served.post("/v1/explain?model=small", question), "/v1/explain", "post");
  const std::string correction = R"({"image": "AAAAAAAA/wAAAAAAAAAAAA==", "label": "zero"})";
  expect_documented(served.post("/v1/corrections?model=small", correction), "/v1/corrections",
                    "post");
  for (const char* pattern : {"/v1/read", "/v1/explain", "/v1/corrections"})
    for (const char* query : {"", "?model=no", "?model=small"})
      for (const char* type : {"text/plain", "application/json", "image/png"})
        expect_documented(served.post(std::string(pattern) + query, "{}", {{"Content-Type", type}}),
                          pattern, "post");
  expect_documented(served.post("/v1/session", R"({"token": "x"})"), "/v1/session", "post");
  expect_documented(served.post("/v1/session", "x"), "/v1/session", "post");
}

TEST_F(OpenApi, RefusalsAreAsDocumented) {
  Served served({.token = "secret"});
  for (const Route& route : served.service().router().routes()) {
    const bool open = route.pattern.starts_with("/v2/health/") || route.pattern == "/" ||
                      route.pattern == "/assets/{name}";
    if (route.method != "GET" || open) continue;
    const Response response = served.get(route.pattern);
    EXPECT_EQ(response.status, 401);
    expect_documented(response, route.pattern, "get");
  }
  expect_documented(served.post("/v2/models/small/infer", "{}"), "/v2/models/{name}/infer", "post");
  for (const char* path : {"/v1/read", "/v1/explain", "/v1/corrections"})
    expect_documented(served.post(path, "{}"), path, "post");
  expect_documented(served.post("/v1/session", R"({"token": "wrong"})"), "/v1/session", "post");
  expect_documented(served.post("/v1/session", R"({"token": "secret"})"), "/v1/session", "post");
}

}  // namespace
}  // namespace digitry::serving::test
