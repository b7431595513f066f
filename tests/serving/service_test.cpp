#include "digitry/serving/service.h"

#include <gmock/gmock.h>

#include <atomic>
#include <regex>
#include <set>
#include <thread>

#include "digitry/base/version.h"
#include "digitry/model_io/classifier.h"
#include "tests/serving/served.h"
#include "tests/support/near.h"

namespace digitry::serving::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

std::string header_of(const Response& response, const std::string& name) {
  for (const auto& [key, value] : response.headers)
    if (key == name) return value;
  return "";
}

TEST(Service, TellsWhatItIs) {
  Served served;
  const Response response = served.get("/v2/");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(json::parse(response.body),
            json({{"name", "digitry"},
                  {"version", version()},
                  {"extensions", json::array({"binary_tensor_data"})}}));
}

TEST(Service, TellsOfItsModels) {
  Served served;
  const json metadata = json::parse(served.get("/v2/models/small").body);
  EXPECT_EQ(metadata["name"], "small");
  EXPECT_EQ(metadata["inputs"],
            json::parse(R"([{"name": "pixels", "datatype": "UINT8", "shape": [-1, 1, 4, 4]}])"));
  EXPECT_EQ(metadata["outputs"], json::parse(R"([
      {"name": "logits", "datatype": "FP32", "shape": [-1, 3]},
      {"name": "probabilities", "datatype": "FP32", "shape": [-1, 3]},
      {"name": "class", "datatype": "BYTES", "shape": [-1]}])"));
  EXPECT_EQ(metadata["class_names"], json(served.model().class_names));
  EXPECT_EQ(json::parse(served.get("/v2/models/small/ready").body),
            json({{"name", "small"}, {"ready", true}}));
  EXPECT_EQ(served.get("/v2/models/other").status, 404);
  EXPECT_EQ(served.get("/v2/models/other/ready").status, 404);
  EXPECT_EQ(served.post("/v2/models/other/infer", "{}").status, 404);
}

TEST(Service, IsReadyUntilItIsAboutToEnd) {
  Served served;
  EXPECT_EQ(served.get("/v2/health/live").status, 200);
  EXPECT_EQ(served.get("/v2/health/ready").status, 200);
  served.service().set_draining();
  EXPECT_EQ(served.get("/v2/health/live").status, 200);
  const Response response = served.get("/v2/health/ready");
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(header_of(response, "Retry-After"), "1");
}

TEST(Service, ComputesWhatTheModelComputes) {
  Served served;
  const Tensor images = small_images(7);
  const Response response = served.infer(request_for(images));
  ASSERT_EQ(response.status, 200) << response.body;
  const Tensor want = Classifier(served.model()).logits(images);
  const auto got = output_data<float>(response.body, "logits");
  digitry::test::expect_near(got, want.as<float>(), 1e-5, 1e-5);
  const auto classes = output_data<std::string>(response.body, "class");
  ASSERT_EQ(classes.size(), 7U);
  for (std::size_t i = 0; i < 7; ++i) {
    const auto row = std::span(got).subspan(3 * i, 3);
    const auto best = static_cast<std::size_t>(std::ranges::max_element(row) - row.begin());
    EXPECT_EQ(classes[i], served.model().class_names[best]);
  }
}

TEST(Service, TellsWrongPathsAndMethodsApart) {
  Served served;
  const Response nowhere = served.get("/v3");
  EXPECT_EQ(nowhere.status, 404);
  EXPECT_THAT(error_of(nowhere), HasSubstr("/v3"));
  const Response wrong = served.get("/v2/models/small/infer");
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(header_of(wrong, "Allow"), "POST");
  EXPECT_EQ(header_of(served.post("/v2", ""), "Allow"), "GET, HEAD");
  EXPECT_EQ(served.service().handle({.method = "HEAD", .target = "/v2"}).status, 200);
}

TEST(Service, WantsJsonOrBinary) {
  Served served;
  const std::string body = request_for(small_images(1)).dump();
  const auto status = [&](const Headers& headers) {
    return served.post("/v2/models/small/infer", body, headers).status;
  };
  EXPECT_EQ(status({}), 200);
  EXPECT_EQ(status({{"content-type", "Application/JSON ; charset=utf-8"}}), 200);
  EXPECT_EQ(status({{"Content-Type", "application/octet-stream"}}), 200);
  EXPECT_EQ(status({{"Content-Type", "application/x-www-form-urlencoded"}}), 415);
  EXPECT_EQ(status({{"Content-Type", "text/plain"}}), 415);
  EXPECT_EQ(status({{"Content-Encoding", "gzip"}}), 415);
  for (const char* length : {"x", "", "-1", "1x", "99999999999999999999999"})
    EXPECT_EQ(status({{"Inference-Header-Content-Length", length}}), 400) << length;
  EXPECT_EQ(status({{"Inference-Header-Content-Length", std::to_string(body.size())}}), 200);
}

TEST(Service, WantsTheTokenWhereThereIsOne) {
  Served served({.token = "secret"});
  const auto status = [&](const std::string& target, const std::string& authorization) {
    return served.get(target, {{"authorization", authorization}}).status;
  };
  EXPECT_EQ(status("/v2", "Bearer secret"), 200);
  EXPECT_EQ(status("/v2", "bearer secret"), 200);
  for (const char* wrong : {"", "secret", "Bearer", "Bearer ", "Bearer Secret", "Bearer secret ",
                            "Bearer secre", "Basic secret", "Bearer  secret"})
    for (const char* target : {"/v2", "/metrics", "/openapi.json", "/v2/models/small", "/nowhere"})
      EXPECT_EQ(status(target, wrong), 401) << target << " " << wrong;
  const Response response = served.get("/v2");
  EXPECT_EQ(header_of(response, "WWW-Authenticate"), "Bearer");
  EXPECT_THAT(response.body, Not(HasSubstr("secret")));
  EXPECT_EQ(served.get("/v2/health/live").status, 200) << "for probes, which have no token";
  EXPECT_EQ(served.get("/v2/health/ready").status, 200);
}

TEST(Service, CountsByRouteNotByPath) {
  Served served;
  served.infer(request_for(small_images(5)));
  for (int i = 0; i < 3; ++i) served.get("/random/" + std::to_string(i));
  served.service().handle({.method = "BREW", .target = "/v2"});
  const Response response = served.get("/metrics");
  EXPECT_THAT(response.content_type, HasSubstr("text/plain; version=0.0.4"));
  const std::string& text = response.body;
  EXPECT_THAT(text, AllOf(HasSubstr("digitry_inference_images_total{model=\"small\"} 5"),
                          HasSubstr("digitry_inference_batch_images_sum{model=\"small\"} 5"),
                          HasSubstr("# TYPE digitry_http_request_duration_seconds histogram"),
                          HasSubstr("digitry_build_info{version=")));
  // Every sample of one line, as {label="value",...}, however the labels are ordered.
  const auto count = [&](const std::vector<std::string>& labels) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      const bool all = std::ranges::all_of(
          labels, [&](const std::string& label) { return line.find(label) != std::string::npos; });
      if (all && line.starts_with("digitry_http_requests_total{"))
        return line.substr(line.rfind(' ') + 1);
    }
    return std::string("none");
  };
  EXPECT_EQ(count({"route=\"/v2/models/{name}/infer\"", "method=\"POST\"", "status=\"200\""}), "1");
  EXPECT_EQ(count({"route=\"none\"", "method=\"GET\"", "status=\"404\""}), "3");
  EXPECT_EQ(count({"method=\"other\"", "status=\"405\""}), "1");
  EXPECT_THAT(text, Not(HasSubstr("random")));
  EXPECT_THAT(text, Not(HasSubstr("BREW")));
}

TEST(Service, MetricsFollowTheConventions) {
  Served served;
  served.infer(request_for(small_images(1)));
  std::istringstream lines(served.get("/metrics").body);
  static const std::regex sample(
      R"re(^[a-z_:]+(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})? [0-9.e+-]+$)re");
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("# TYPE")) {
      const bool is_counter = line.ends_with(" counter");
      EXPECT_EQ(is_counter, line.find("_total ") != std::string::npos) << line;
    }
    if (line.starts_with('#')) continue;
    EXPECT_TRUE(line.starts_with("digitry_")) << line;
    EXPECT_TRUE(std::regex_match(std::regex_replace(line, std::regex("\\+Inf"), "Inf"), sample))
        << line;
  }
}

TEST(Service, TellsOfEveryAnswer) {
  std::vector<std::string> told;
  Served served({.on_answer = [&](const AccessRecord& record) {
    EXPECT_GE(record.seconds, 0);
    told.push_back(std::string(record.method) + " " + std::string(record.target) + " " +
                   std::string(record.route) + " " + std::to_string(record.status));
  }});
  served.get("/v2?x=1");
  served.get("/nowhere");
  served.post("/v2/models/small/infer", "{}");
  EXPECT_THAT(told, testing::ElementsAre("GET /v2?x=1 /v2 200", "GET /nowhere  404",
                                         "POST /v2/models/small/infer "
                                         "/v2/models/{name}/infer 400"));
}

TEST(Service, AnswersManyThreadsAtOnce) {
  std::atomic<int> answers = 0;
  Served served({.on_answer = [&](const AccessRecord&) { ++answers; }}, {.num_workers = 2});
  std::vector<std::thread> threads;
  for (std::uint32_t t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (std::uint32_t i = 0; i < 25; ++i) {
        EXPECT_EQ(served.infer(request_for(small_images(1 + i % 4, t))).status, 200);
        EXPECT_EQ(served.get(i % 2 == 0 ? "/metrics" : "/v2/models/small").status, 200);
        if (t == 0 && i % 5 == 0) {
          save_model(served.model(), served.file());
          served.models().reload_changed();
        }
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(answers, 200);
}

}  // namespace
}  // namespace digitry::serving::test
