#include "digitry/serving/page/page_routes.h"

#include <gmock/gmock.h>

#include "digitry/base/error.h"
#include "digitry/base/file.h"
#include "digitry/base/text.h"
#include "digitry/data/dataset.h"
#include "digitry/evaluation/occlusion.h"
#include "digitry/model_io/classifier.h"
#include "tests/serving/served.h"
#include "tests/support/near.h"

namespace digitry::serving::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const Headers kPng = {{"Content-Type", "image/png"}};

std::string header_value(const Response& response, const std::string& name) {
  for (const auto& [key, value] : response.headers)
    if (key == name) return value;
  return "";
}

std::string pixels_of(const Tensor& images) {
  const auto pixels = images.as<std::uint8_t>();
  return {pixels.begin(), pixels.end()};
}

// A model of images of MNIST's shape.
Model readable_model() {
  Model model = digitry::test::small_model();
  model.members = one_member(digitry::test::random_network(
      {1, 28, 28}, 3, {digitry::test::flatten(), digitry::test::dense(3)}, 2));
  return model;
}

json question(const Tensor& image, const char* key, const std::string& label) {
  return {{"image", base64(pixels_of(image))}, {key, label}};
}

TEST(PageRoutes, IsServedUnderStrictHeaders) {
  PageOptions page;
  page.files = {{"index.html", {"text/html; charset=utf-8", "<!doctype html>"}},
                {"page.js", {"text/javascript; charset=utf-8", "let a;"}}};
  Served served({.page = page});
  const Response index = served.get("/");
  EXPECT_EQ(index.body, "<!doctype html>");
  EXPECT_EQ(index.content_type, "text/html; charset=utf-8");
  EXPECT_THAT(header_value(index, "Content-Security-Policy"),
              AllOf(HasSubstr("default-src 'none'"), HasSubstr("script-src 'self'"),
                    HasSubstr("frame-ancestors 'none'"), testing::Not(HasSubstr("unsafe"))));
  EXPECT_EQ(header_value(index, "Referrer-Policy"), "no-referrer");
  const Response script = served.get("/assets/page.js");
  EXPECT_EQ(script.body, "let a;");
  EXPECT_EQ(script.content_type, "text/javascript; charset=utf-8");
  for (const char* path : {"/assets/none", "/assets/..", "/assets/%2e%2e", "/assets/"})
    EXPECT_EQ(served.get(path).status, 404) << path;
  EXPECT_EQ(Served().get("/").status, 404);
}

TEST(PageRoutes, TellsWhatItMayOffer) {
  const json none = json::parse(Served().get("/v1/page").body);
  EXPECT_EQ(none,
            json::parse(R"({"models": [], "reads": false, "corrections": false, "runs": false})"))
      << "the small model's images are no digits of MNIST's form";
  const TemporaryFolder folder;
  PageOptions page;
  page.read = [](const auto&, std::string_view, ReadEffort) { return "{}"; };
  page.corrections = folder / "mine";
  page.runs = folder.path();
  Served served({.page = page}, {}, readable_model());
  const json all = json::parse(served.get("/v1/page").body);
  EXPECT_EQ(all.at("models")[0].at("name"), "small");
  EXPECT_EQ(all.at("models")[0].at("class_names"), json(served.model().class_names));
  EXPECT_TRUE(all.at("reads") && all.at("corrections") && all.at("runs"));
}

TEST(PageRoutes, ReadsPictures) {
  PageOptions page;
  page.read = [](const std::shared_ptr<const ServedModel>& model, std::string_view picture,
                 ReadEffort effort) {
    if (picture == "bad") throw Error(ErrorCode::kBadData, "the picture: no PNG");
    if (picture == "TIFF") throw UnsupportedPicture(ErrorCode::kBadData, "the picture: a TIFF");
    return json{{"bytes", picture.size()},
                {"classes", model->model().class_names.size()},
                {"quick", effort == ReadEffort::kQuick}}
        .dump();
  };
  Served served({.page = page}, {}, readable_model());
  const Response response = served.post("/v1/read?model=small", "1234", kPng);
  EXPECT_EQ(json::parse(response.body),
            json({{"model", "small"}, {"bytes", 4}, {"classes", 3}, {"quick", false}}));
  const std::string quick = "/v1/read?model=small&effort=";
  EXPECT_TRUE(json::parse(served.post(quick + "quick", "1", kPng).body).at("quick"));
  EXPECT_FALSE(json::parse(served.post(quick + "full", "1", kPng).body).at("quick"));
  EXPECT_EQ(served.post(quick + "much", "1", kPng).status, 400);
  const Response bad = served.post("/v1/read?model=small", "bad", kPng);
  EXPECT_EQ(bad.status, 400);
  EXPECT_EQ(error_of(bad), "the picture: no PNG");
  EXPECT_EQ(served.post("/v1/read?model=small", "TIFF", kPng).status, 415);
  EXPECT_EQ(served.post("/v1/read", "1234", kPng).status, 404);
  EXPECT_EQ(served.post("/v1/read?model=large", "1234", kPng).status, 404);
  for (const char* type :
       {"text/plain", "application/json", "image", "imagine/png", "image/tiff", "image/bmp", ""})
    EXPECT_EQ(served.post("/v1/read?model=small", "1234", {{"Content-Type", type}}).status, 415);
  EXPECT_EQ(served.post("/v1/read?model=small", "1234", {}).status, 415);
  EXPECT_EQ(Served().post("/v1/read?model=small", "1234", kPng).status, 403);
  const Response small = Served({.page = page}).post("/v1/read?model=small", "1234", kPng);
  EXPECT_EQ(small.status, 400);
  EXPECT_THAT(error_of(small), HasSubstr("expected a model of images [1,28,28]"));
}

TEST(PageRoutes, Explains) {
  PageOptions page;
  page.nearest = [](const auto&, const Tensor& image, std::size_t count) {
    EXPECT_EQ(count, 5U);
    return NearImages{{{.label = "zero", .pixels = pixels_of(image), .distance = 0.5}}, "", false};
  };
  Served served({.page = page});
  const Tensor image = small_images(1);
  for (const std::string& label : served.model().class_names) {
    const Response response =
        served.post("/v1/explain?model=small", question(image, "class", label).dump());
    ASSERT_EQ(response.status, 200) << response.body;
    const json answer = json::parse(response.body);
    EXPECT_EQ(answer.at("class"), label);
    EXPECT_NE(answer.at("against"), label);
    EXPECT_EQ(answer.at("nearest")[0].at("image"), base64(pixels_of(image)));
    EXPECT_FALSE(answer.contains("no_nearest"));
    const auto& names = served.model().class_names;
    const auto place = [&](const std::string& name) {
      return static_cast<std::int32_t>(std::ranges::find(names, name) - names.begin());
    };
    Classifier classifier(served.model());
    const std::array contrast{
        Contrast{.answer = place(label), .rival = place(answer.at("against"))}};
    const LogitsOf logits_of = [&](const Tensor& images, std::span<const std::int32_t> indices) {
      return classifier.logits(images, indices);
    };
    const Tensor map = occlusion_maps(logits_of, image, contrast, default_patch({1, 4, 4}));
    digitry::test::expect_near(answer.at("evidence").get<std::vector<float>>(),
                               std::vector<float>(map.as<float>().begin(), map.as<float>().end()),
                               2e-3, 1e-4);
  }
  const json alone = json::parse(
      Served().post("/v1/explain?model=small", question(image, "class", "zero").dump()).body);
  EXPECT_THAT(alone.at("nearest"), IsEmpty());
  EXPECT_TRUE(alone.contains("no_nearest"));
}

TEST(PageRoutes, KeepsCorrections) {
  const TemporaryFolder folder;
  PageOptions page;
  page.corrections = folder / "mine";
  Served served({.page = page});
  const std::string path = "/v1/corrections?model=small";
  const Response saved = served.post(path, question(small_images(1), "label", "zero").dump());
  EXPECT_EQ(saved.status, 201);
  const std::string file = json::parse(saved.body).at("saved");
  EXPECT_TRUE(path_exists(folder / "mine" / file));
  const Dataset data = load_dataset(folder / "mine", Split::kTrain);
  EXPECT_EQ(pixels_of(data.images), pixels_of(small_images(1)));

  json again = question(small_images(1, 2), "label", "zero");
  again["replaces"] = file;
  EXPECT_EQ(served.post(path, again.dump()).status, 201);
  EXPECT_FALSE(path_exists(folder / "mine" / file));
  again["replaces"] = "../" + file;
  EXPECT_EQ(served.post(path, again.dump()).status, 400);

  make_folder(folder / "mine/cat");
  const Response other = served.post(path, question(small_images(1, 3), "label", "zero").dump());
  EXPECT_EQ(other.status, 409);
  EXPECT_THAT(error_of(other), HasSubstr("a class \"cat\""));
  EXPECT_EQ(Served().post(path, question(small_images(1), "label", "zero").dump()).status, 403);
}

TEST(PageRoutes, RefusesHostileQuestions) {
  const TemporaryFolder folder;
  PageOptions page;
  page.corrections = folder / "mine";
  Served served({.page = page});
  const std::string image = base64(pixels_of(small_images(1)));
  for (const char* route : {"/v1/explain", "/v1/corrections"}) {
    const std::string path = std::string(route) + "?model=small";
    const std::string key = route == std::string("/v1/explain") ? "class" : "label";
    for (const json& body : std::vector<json>{json::array(),
                                              "text",
                                              {{key, "zero"}},
                                              {{"image", image}},
                                              {{"image", 7}, {key, "zero"}},
                                              {{"image", image}, {key, 0}},
                                              {{"image", image}, {key, "../zero"}},
                                              {{"image", image}, {key, ""}},
                                              {{"image", image + "AAAA"}, {key, "zero"}},
                                              {{"image", ""}, {key, "zero"}},
                                              {{"image", "*" + image.substr(1)}, {key, "zero"}}})
      EXPECT_EQ(served.post(path, body.dump()).status, 400) << path << body;
    for (const char* body : {"", "{", "\xFF", "{\"image\":\"\xFF\"}"})
      EXPECT_EQ(served.post(path, body).status, 400) << path << body;
    EXPECT_EQ(served.post(path, std::string(20'000, '[')).status, 400);
    EXPECT_EQ(served.post(path, std::string(70'000, ' ')).status, 413);
    EXPECT_EQ(served.post(path, "{}", {}).status, 415);
    EXPECT_EQ(served.post(path, "{}", {{"Content-Type", "text/plain"}}).status, 415);
    EXPECT_EQ(served.post(std::string(route) + "?model=%00", "{}").status, 404);
    EXPECT_EQ(served.post(route, "{}").status, 404);
    EXPECT_EQ(served.get(path).status, 405);
  }
  EXPECT_THAT(list_folder(folder / "mine"), IsEmpty());
}

TEST(PageRoutes, ShowsReportsAndNothingElse) {
  const TemporaryFolder folder;
  make_folder(folder / "runs/my run");
  write_file_atomically(folder / "runs/my run/report.html", "<script>alert(1)</script>");
  write_file_atomically(folder / "report.html", "not to be seen");
  PageOptions page;
  page.runs = folder / "runs";
  Served served({.page = page});
  const json runs = json::parse(served.get("/v1/runs").body).at("runs");
  ASSERT_THAT(runs, SizeIs(1));
  EXPECT_EQ(runs[0].at("report"), "/runs/my%20run/report.html");
  const Response report = served.get(runs[0].at("report"));
  EXPECT_EQ(report.body, "<script>alert(1)</script>");
  EXPECT_THAT(header_value(report, "Content-Security-Policy"),
              testing::StartsWith("sandbox; default-src 'none'"));
  for (const char* path :
       {"/runs/../report.html", "/runs/%2e%2e/report.html", "/runs/./report.html",
        "/runs/my%20run%2F..%2Fmy%20run/report.html", "/runs/%/report.html", "/runs/no/report.html",
        "/runs/my%20run/tune.html", "/runs/my%20run/metrics.json", "/runs/my%20run/",
        "/runs/my%20run%00/report.html"})
    EXPECT_EQ(served.get(path).status, 404) << path;
  EXPECT_EQ(Served().get("/v1/runs").status, 403);
  EXPECT_EQ(Served().get("/runs/a/report.html").status, 403);
}

}  // namespace
}  // namespace digitry::serving::test
