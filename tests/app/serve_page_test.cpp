// The routes of the page of `digitry serve`; tests/browser tests the page itself.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <set>
#include <thread>

#include "digitry/base/file.h"
#include "digitry/base/text.h"
#include "digitry/image/png.h"
#include "digitry/vision/decode.h"
#include "tests/app/digitry.h"
#include "tests/app/serve_process.h"
#include "tests/serving/schema.h"
#include "tests/support/temporary_folder.h"
#include "tests/vision/encoders.h"

namespace digitry::test {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::HasSubstr;
using testing::IsEmpty;

// Test images of MNIST in dark ink on a light page, side by side.
std::string page_of_digits(std::int64_t count) {
  const Tensor digits = test_digits(count);
  const auto pixels = digits.as<std::uint8_t>();
  Image picture{.height = 60, .width = 20 + 40 * count, .channels = 1, .pixels = {}};
  picture.pixels.assign(static_cast<std::size_t>(picture.height * picture.width), 240);
  for (std::int64_t i = 0; i < count; ++i)
    for (std::int64_t y = 0; y < 28; ++y)
      for (std::int64_t x = 0; x < 28; ++x)
        picture.pixels[static_cast<std::size_t>((16 + y) * picture.width + 16 + 40 * i + x)] =
            static_cast<std::uint8_t>(
                240 - pixels[static_cast<std::size_t>((i * 28 + y) * 28 + x)] * 9 / 10);
  return encode_png(picture);
}

json question_of(const Tensor& image, const char* key, const std::string& label) {
  const auto pixels = image.as<std::uint8_t>();
  return {{"image", base64({reinterpret_cast<const char*>(pixels.data()), 784})}, {key, label}};
}

class ServePage : public testing::Test {
 protected:
  json post(const ServeProcess& server, const std::string& path, const std::string& body,
            const std::string& type = "application/json") const {
    write_file_atomically(folder_ / "body", body);
    const CommandResult result = server.curl(
        path,
        {"--header", "Content-Type: " + type, "--data-binary", "@" + (folder_ / "body").string()});
    return json::parse(result.out, nullptr, false);
  }

  // Checks an answer against openapi.json.
  void expect_schema(const ServeProcess& server, const char* name, const json& answer) const {
    const json document = server.get("/openapi.json");
    serving::test::SchemaChecker checker(document);
    EXPECT_THAT(checker.check(document.at("components").at("schemas").at(name), answer), IsEmpty());
  }

  const TemporaryFolder folder_;
};

TEST_F(ServePage, IsInTheProgram) {
  ServeProcess server({served_run()});
  const std::string page = server.curl("/", {"--include"}).out;
  EXPECT_THAT(page, HasSubstr("Content-Security-Policy: default-src 'none'; script-src 'self'"));
  EXPECT_THAT(page, HasSubstr("<!doctype html>"));
  for (const auto& [file, type] : {std::pair{"page.js", "text/javascript"},
                                   {"page.css", "text/css"},
                                   {"icon.svg", "image/svg+xml"}}) {
    EXPECT_THAT(page, HasSubstr(std::string("assets/") + file));
    EXPECT_THAT(server.curl(std::string("/assets/") + file, {"--head"}).out, HasSubstr(type));
  }
  expect_schema(server, "PageInfo", server.get("/v1/page"));
}

TEST_F(ServePage, ReadsAsPredictDoes) {
  ServeProcess server({"tiny"});
  const std::string picture = page_of_digits(4);
  write_file_atomically(folder_ / "page.png", picture);
  json read = post(server, "/v1/read?model=tiny", picture, "image/png");
  expect_schema(server, "Reading", read);
  const CommandResult predicted =
      digitry({"predict", "tiny", (folder_ / "page.png").string(), "--json"});
  json want = json::parse(predicted.out).at(0);
  want.erase("source");
  ASSERT_EQ(read.at("digits").size(), 4U);
  for (std::size_t i = 0; i < 4; ++i) {
    json& digit = read.at("digits")[i];
    const std::optional<std::string> pixels = from_base64(digit.at("image").get<std::string>());
    ASSERT_TRUE(pixels);
    EXPECT_EQ(pixels->size(), 784U);
    double sum = 0;
    for (const json& probability : digit.at("probabilities")) sum += probability.get<double>();
    EXPECT_NEAR(sum, 1, 1e-5);
    // In float32, in batches of another size.
    for (const char* key : {"probability", "score", "familiarity"}) {
      EXPECT_NEAR(digit.at(key).get<double>(), want.at("digits")[i].at(key).get<double>(), 1e-4);
      digit[key] = want.at("digits")[i][key];
    }
    digit["alternatives"] = want.at("digits")[i].at("alternatives");
    digit.erase("image");
    digit.erase("probabilities");
  }
  EXPECT_EQ(read.at("model"), "tiny");
  read.erase("model");
  EXPECT_EQ(read, want);
  const json quick = post(server, "/v1/read?model=tiny&effort=quick", picture, "image/png");
  EXPECT_EQ(quick.at("text"), read.at("text"));
  EXPECT_THAT(post(server, "/v1/read?model=tiny", "no picture", "image/png").at("error"),
              HasSubstr("the picture"));
  EXPECT_THAT(post(server, "/v1/read?model=tiny", picture.substr(0, 200), "image/png").at("error"),
              HasSubstr("the picture"));
}

TEST_F(ServePage, ReadsTheFormatsOfBrowsersAlone) {
  ServeProcess server({"tiny"});
  const Image grey = decode_picture(page_of_digits(1), "page");
  Image page{grey.height, grey.width, 3, {}};
  for (const std::uint8_t pixel : grey.pixels) page.pixels.insert(page.pixels.end(), 3, pixel);
  const auto status = [&](const std::string& picture, const std::string& type) {
    write_file_atomically(folder_ / "body", picture);
    return server.status(
        "/v1/read?model=tiny",
        {"--header", "Content-Type: " + type, "--data-binary", "@" + (folder_ / "body").string()});
  };
  EXPECT_EQ(status(encode_png(page), "image/png"), 200);
  EXPECT_EQ(status(encode_jpeg(page), "image/jpeg"), 200);
  EXPECT_EQ(status(encode_webp(page), "image/webp"), 200);
  for (const std::string& other : {encode_bmp(page), encode_tiff(page, 8)})
    for (const char* type : {"image/png", "image/bmp", "image/tiff"})
      EXPECT_EQ(status(other, type), 415) << type;
  const std::string html = server.curl("/").out;
  EXPECT_THAT(html, HasSubstr("accept=\"image/png,image/jpeg,image/webp\""));
  EXPECT_THAT(html, testing::Not(HasSubstr("accept=\"image/*\"")));
}

TEST_F(ServePage, FindsNearestTrainingImagesWhereTheyAreAtHand) {
  ServeProcess server({served_run()});
  const Tensor image = test_digits(1);
  const std::string body = question_of(image, "class", "7").dump();
  json answer;
  for (int i = 0; i < 400; ++i) {
    answer = post(server, "/v1/explain?model=digits", body);
    expect_schema(server, "Explanation", answer);
    if (!answer.at("pending")) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(25));
  }
  const CommandResult explained =
      digitry({"explain", served_run(), "--index", "0", "--class", "7", "--json"});
  const json want = json::parse(explained.out).at("nearest");
  ASSERT_EQ(answer.at("nearest").size(), 5U) << answer;
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(answer.at("nearest")[i].at("label"), want[i].at("label"));
    EXPECT_NEAR(answer.at("nearest")[i].at("distance").get<double>(),
                want[i].at("distance").get<double>(), 1e-3);
  }
}

TEST_F(ServePage, TrainsOnCorrections) {
  const fs::path mine = folder_ / "mine";
  ServeProcess server({served_run(), "--corrections", mine.string()});
  const Tensor digits = test_digits(60);
  std::set<std::string> files;
  for (std::int32_t i = 0; i < 60; ++i) {
    const Tensor image = digits.take(std::vector<std::int32_t>{i});
    const json saved = post(server, "/v1/corrections?model=digits",
                            question_of(image, "label", i % 2 == 0 ? "3" : "8").dump());
    files.insert(saved.at("saved"));
  }
  EXPECT_EQ(files.size(), 60U);
  EXPECT_THAT(post(server, "/v1/corrections?model=digits",
                   question_of(test_digits(1), "label", "../3").dump())
                  .at("error"),
              HasSubstr("label: expected one of 0, 1"));
  const CommandResult trained = digitry({"train", "--recipe", "notebook", "--data", mine.string(),
                                         "--epochs", "1", "--out", folder_ / "run", "--no-report"});
  EXPECT_EQ(trained.exit_status, 0) << trained.err;
}

TEST_F(ServePage, SaysWhatIsNotThere) {
  ServeProcess server({served_run()});
  EXPECT_EQ(server.status("/v1/runs"), 403);
  EXPECT_THAT(post(server, "/v1/corrections?model=digits", "{}").at("error"),
              HasSubstr("--corrections DIR"));
  const CommandResult no_runs = digitry({"serve", served_run(), "--runs", "/no/such/folder"});
  EXPECT_EQ(no_runs.exit_status, 3);
  EXPECT_THAT(no_runs.err, HasSubstr("--runs /no/such/folder: expected a folder of runs"));
  write_file_atomically(folder_ / "file", "");
  EXPECT_EQ(
      digitry({"serve", served_run(), "--corrections", (folder_ / "file").string()}).exit_status,
      1);
}

TEST_F(ServePage, ShowsRuns) {
  ServeProcess server({served_run(), "--runs", fs::path(served_run()).parent_path().string()});
  expect_schema(server, "Runs", server.get("/v1/runs"));
  EXPECT_EQ(server.status("/runs/../serve/report.html", {"--path-as-is"}), 404);
  EXPECT_EQ(server.status("/runs/%2e%2e/report.html", {"--path-as-is"}), 404);
}

}  // namespace
}  // namespace digitry::test
