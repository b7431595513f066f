// `digitry predict` on pictures: drawn photographs and scans of real digits.

#include "tests/app/predict_pictures.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <span>
#include <utility>

#include "digitry/base/file.h"
#include "digitry/data/dataset.h"
#include "digitry/image/png.h"
#include "digitry/vision/decode.h"
#include "tests/cases/drawn_pages.h"
#include "tests/cases/small_pictures.h"
#include "tests/vision/encoders.h"

namespace digitry::test {
namespace fs = std::filesystem;
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

// The number of wrong digits; all of them if the lengths differ.
std::size_t wrong_digits(const std::string& got, const std::string& want) {
  if (got.size() != want.size()) return want.size();
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < want.size(); ++i) wrong += got[i] != want[i] ? 1 : 0;
  return wrong;
}

TEST_F(PredictPictures, ReadsEachPageOfATiffFile) {
  const std::string file = write("pages.tif", encode_tiff({canvas_of(0), canvas_of(1)}));
  const json read = predicted({file});
  ASSERT_EQ(read.size(), 2u);
  EXPECT_EQ(read[0]["source"], file + " page 1");
  EXPECT_EQ(read[1]["source"], file + " page 2");
  for (std::size_t i = 0; i < 2; ++i)
    EXPECT_EQ(read[i]["width"], canvas_of(static_cast<std::int64_t>(i)).width);
  expect_error({file, "--annotate", *folder_ / "pages.png"}, 2, "got several pages");
}

TEST_F(PredictPictures, ReadsWhatItsOptionsSay) {
  const DrawnPage page = page_of({.num_digits = 4, .num_lines = 2}, 3);
  const std::string file = write("options.png", encode_png(page.picture));
  const auto num_digits = [&](const std::vector<std::string>& options) {
    std::vector<std::string> arguments{file};
    arguments.insert(arguments.end(), options.begin(), options.end());
    return predicted(arguments)[0]["digits"].size();
  };
  EXPECT_EQ(num_digits({"--expect", "4"}), 4u);
  EXPECT_EQ(num_digits({"--layout", "single"}), 1u);
  EXPECT_EQ(num_digits({"--layout", "boxes"}), 4u);
  const std::string upper = fmt::format("0,0,{},{}", page.picture.width, page.picture.height / 2);
  EXPECT_EQ(num_digits({"--region", upper}), 2u);
  EXPECT_EQ(predicted({file, "--pattern", "dd-dd"})[0]["text"].get<std::string>()[2], '-');
}

TEST_F(PredictPictures, ReportsOptionsThatCannotBe) {
  const std::string file = write("wrong.png", encode_png(canvas_of(0)));
  expect_error({file, "--region", "1,2,3"}, 2, "--region: expected X,Y,WIDTH,HEIGHT");
  expect_error({file, "--region", "0,0,100000,5"}, 2, "expected a region inside the picture");
  for (const std::vector<std::string>& wrong : {std::vector<std::string>{"--layout", "words"},
                                                {"--expect", "0"},
                                                {"--expect", "3", "--pattern", "ddd"},
                                                {"--pattern", ""},
                                                {"--pattern", "..."}}) {
    std::vector<std::string> arguments{file};
    arguments.insert(arguments.end(), wrong.begin(), wrong.end());
    const CommandResult result = predict(arguments);
    EXPECT_EQ(result.exit_status, 2) << wrong[0] << ' ' << wrong[1] << ": " << result.err;
    EXPECT_THAT(result.err, HasSubstr(wrong[0].substr(2))) << wrong[1];
  }
}

TEST_F(PredictPictures, ReadsAPageOfSeveralLines) {
  const DrawnPage page =
      page_of({.num_digits = 9, .num_lines = 3, .skew_degrees = 5, .ruled = true, .shade = 0.4}, 1);
  const std::string file = write("page.jpg", encode_jpeg(page.picture));
  const json read = predicted({file});
  ASSERT_EQ(read.size(), 1u);
  std::string text;
  for (const json& digit : read[0]["digits"]) text += digit["label"].get<std::string>();
  std::string want = text_of(page, digits_->labels);
  std::erase(want, '\n');
  // The model is a small one, trained in a second.
  EXPECT_LE(wrong_digits(text, want), 1u) << text << ", expected " << want;
  EXPECT_EQ(read[0]["num_lines"], 3);
  EXPECT_EQ(read[0]["width"], page.picture.width);
  const json& first = read[0]["digits"][0];
  EXPECT_EQ(first["line"], 1);
  EXPECT_EQ(first["rejected"], false);
  EXPECT_EQ(first["known"], true);  // the key of version 0.1
  EXPECT_GT(first["in_distribution_score"].get<double>(), 0);
  EXPECT_NEAR(first["box"]["left"].get<double>() + first["box"]["width"].get<double>() / 2,
              page.digits[0].x, 12);

  const CommandResult shown = predict({file});
  EXPECT_THAT(shown.out,
              AllOf(StartsWith(file + ": 9 digits in 3 lines\n  "), HasSubstr("  line 3  ")));
  const CommandResult csv = predict({file, "--csv"});
  EXPECT_THAT(csv.out,
              StartsWith("Source,Line,Place,Label,Probability,Rejected,Left,Top,Width,Height,"
                         "Alternatives\n" +
                         file + ",1,1,"));
  EXPECT_EQ(std::ranges::count(csv.out, '\n'), 10);
}
TEST_F(PredictPictures, AcceptsFoldersPatternsAndStandardInput) {
  const std::string a = write("mixed/a.jpg", encode_jpeg(canvas_of(0)));
  const std::string b = write("mixed/b.webp", encode_webp(canvas_of(1)));
  write("mixed/notes.txt", "not a picture");
  const auto sources = [](const json& read) {
    std::vector<std::string> names;
    for (const json& one : read) names.push_back(one["source"]);
    return names;
  };
  EXPECT_THAT(sources(predicted({*folder_ / "mixed"})), ElementsAre(a, b));
  EXPECT_THAT(sources(predicted({*folder_ / "mixed/*.w*"})), ElementsAre(b));
  expect_error({*folder_ / "mixed/*.gif"}, 3, "mixed/*.gif: expected matching files, found none");
  const CommandResult piped = predict({"-"}, {.input = encode_tiff(canvas_of(2))});
  EXPECT_THAT(piped.out, StartsWith("standard input: 1 digit in 1 line\n"));
}

TEST_F(PredictPictures, DrawsTheResultAndShowsItsStages) {
  const Image canvas = canvas_of(3);
  const std::string file = write("shown.png", encode_png(canvas));
  const std::string out = *folder_ / "annotated.png";
  const std::string stages = *folder_ / "stages";
  ASSERT_EQ(predict({file, "--annotate", out, "--debug-images", stages}).exit_status, 0);
  const Image drawn = decode_picture(file_bytes(out), out);
  EXPECT_EQ(drawn.width, canvas.width);
  EXPECT_NE(drawn.pixels, canvas.pixels);
  EXPECT_THAT(TemporaryFolder::names_in(stages),
              ElementsAre("001-shown-1-grey.png", "001-shown-2-ink.png", "001-shown-3-level.png",
                          "001-shown-4-strokes.png", "001-shown-5-digits.png"));
  expect_error({file, file, "--annotate", out}, 2, "--annotate: expected one picture, got 2");
}

TEST_F(PredictPictures, BlankPagesHaveNoDigits) {
  const Image blank{300, 200, 1, std::vector<std::uint8_t>(60'000, 230)};
  const std::string page = write("blank.png", encode_png(blank));
  const std::string pixel = write("pixel.png", encode_png({1, 1, 1, {7}}));
  EXPECT_EQ(predict({page, pixel}).out, page + ": no digits\n" + pixel + ": no digits\n");
  EXPECT_THAT(predicted({page})[0]["digits"], IsEmpty());
  EXPECT_EQ(std::ranges::count(predict({page, "--csv"}).out, '\n'), 1);
}

// With the shipped model: the small one rejects too little.
TEST_F(PredictPictures, RejectsWhatIsNoDigit) {
  Image rings{200, 200, 1, std::vector<std::uint8_t>(40'000, 240)};
  for (std::int64_t y = 0; y < 200; ++y)
    for (std::int64_t x = 0; x < 200; ++x) {
      const double radius = std::hypot(x - 100, y - 100);
      if (radius < 80 && std::fmod(radius, 26) < 9)
        rings.pixels[static_cast<std::size_t>(y * 200 + x)] = 15;
    }
  const CommandResult result =
      digitry({"predict", write("rings.png", encode_png(rings)), "--json"});
  ASSERT_EQ(result.exit_status, 0) << result.err;
  const json read = json::parse(result.out)[0];
  ASSERT_FALSE(read["digits"].empty());
  EXPECT_THAT(read["text"].get<std::string>(), HasSubstr("?"));
  EXPECT_TRUE(std::ranges::any_of(read["digits"], [](const json& digit) {
    return digit["rejected"].get<bool>() && digit["in_distribution_score"].get<double>() < 1;
  }));
}

TEST_F(PredictPictures, ReportsTheRuleThatABadPictureBreaks) {
  const std::string jpeg = encode_jpeg(canvas_of(0));
  const std::string text = write("text.jpg", "this is no picture");
  expect_error(
      {text}, 3,
      text + ": expected a picture (PNG, JPEG, BMP, WebP, TIFF) or images as IDX, CSV, NPY or NPZ");
  const std::string cut = write("cut.jpg", jpeg.substr(0, jpeg.size() / 2));
  expect_error({cut}, 3, cut + ": expected a sound JPEG image");
  const std::string side("\0\0\x75\x30", 4);
  const std::string bomb =
      write("bomb.png", std::string("\x89PNG\r\n\x1a\n", 8) +
                            png_chunk("IHDR", side + side + std::string("\x08\0\0\0\0", 5)) +
                            png_chunk("IDAT", "x") + png_chunk("IEND", ""));
  expect_error({bomb}, 3,
               bomb + ": expected an image of at most 67108864 pixels, found 30000x30000");
  expect_error({"-"}, 3,
               "standard input: expected a PNG, JPEG, BMP, WebP or TIFF picture, found GIF",
               "GIF89a............");
  expect_error(
      {write("seven.pgm", "P5\n2 2\n255\n\x01\x02\x03\x04")}, 3,
      "seven.pgm: expected a PNG, JPEG, BMP, WebP or TIFF picture, found a PGM, PPM or PBM "
      "picture; convert it to PNG first");
  expect_error({write("digits.mat", "MATLAB 5.0 MAT-file, Platform: GLNXA64")}, 3,
               "digits.mat: expected a picture or images, found a MATLAB file (MAT)");
  expect_error({*folder_ / "nowhere.jpg"}, 3, "nowhere.jpg");
  const std::string canvas = write("fine.png", encode_png(canvas_of(0)));
  expect_error({canvas, (small_mnist() / "t10k-images-idx3-ubyte").string(), "--csv"}, 2,
               "--csv: expected only images");
  expect_error(
      {(small_mnist() / "t10k-images-idx3-ubyte").string(), "--annotate", *folder_ / "x.png"}, 2,
      "--annotate");
}

}  // namespace
}  // namespace digitry::test
