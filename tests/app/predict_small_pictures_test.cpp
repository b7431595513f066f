// `digitry predict` on files of 28×28 pixels: ready images, and digits in any form.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <utility>

#include "digitry/image/png.h"
#include "tests/app/predict_pictures.h"
#include "tests/cases/small_pictures.h"

namespace digitry::test {
namespace fs = std::filesystem;
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

// A large digit on light or dark paper is read as the image that it was drawn from.
TEST_F(PredictPictures, ReadsDrawnDigitsAsTheirImages) {
  std::vector<std::string> files;
  for (std::int64_t i = 0; i < 30; ++i)
    files.push_back(
        write("drawn/" + std::to_string(100 + i) + ".png", encode_png(canvas_of(i, i % 2 == 1))));
  const json plain = predicted({(small_mnist() / "t10k-images-idx3-ubyte").string()});
  const json read = predicted({*folder_ / "drawn"});
  ASSERT_EQ(read.size(), 30u);
  int same = 0;
  for (std::size_t i = 0; i < read.size(); ++i) {
    EXPECT_EQ(read[i]["light_ink"].get<bool>(), i % 2 == 1) << files[i];
    same +=
        read[i]["digits"].size() == 1 && read[i]["digits"][0]["label"] == plain[i]["label"] ? 1 : 0;
  }
  EXPECT_GE(same, 29);
}

TEST_F(PredictPictures, ClassifiesReadyImagesAsTheyAreUnlessAsPictures) {
  std::vector<std::uint8_t> pixels(784);
  std::copy_n(digits_->images.as<std::uint8_t>().begin(), 784, pixels.begin());
  const std::string png = write("ready/seven.png", encode_png({28, 28, 1, pixels}));
  const std::string bmp_bytes = [&] {
    Image picture{28, 28, 3, {}};
    for (const std::uint8_t pixel : pixels) picture.pixels.insert(picture.pixels.end(), 3, pixel);
    return encode_bmp(picture);
  }();
  const std::string bmp = write("ready.bmp", bmp_bytes);
  const json idx = predicted({(small_mnist() / "t10k-images-idx3-ubyte").string()})[0];
  for (const std::string& input : {png, bmp, (*folder_ / "ready").string()}) {
    const json read = predicted({input});
    ASSERT_EQ(read.size(), 1u) << input;
    for (const auto& [name, probability] : idx["probabilities"].items())
      EXPECT_NEAR(read[0]["probabilities"][name], probability.get<double>(), 1e-5) << input;
  }
  const json as_picture = predicted({"--as", "pictures", png});
  EXPECT_EQ(as_picture[0]["text"], "7");
  EXPECT_EQ(as_picture[0]["width"], 28);
  const std::string canvas = write("canvas.png", encode_png(canvas_of(0)));
  expect_error({"--as", "images", canvas}, 3, canvas + ": expected images of [1,28,28]");
}

// Files of the model's size, in all forms that people have.
TEST_F(PredictPictures, ReadsFilesOfTheModelsSizeInAnyForm) {
  constexpr std::size_t kImages = 96;
  const json plain = predicted({(small_mnist() / "t10k-images-idx3-ubyte").string()});
  std::vector<SmallPictureOptions> forms;
  for (std::size_t i = 0; i < kImages; ++i) {
    RandomStream random(7, RandomPurpose::kTest, static_cast<std::uint32_t>(i));
    forms.push_back({.place = InkPlace::kAsItIs,
                     .coding = static_cast<Coding>(i % kNumCodings),
                     .light_ink = i / kNumCodings % 2 == 0,
                     .full_contrast = i / 12 % 2 == 0});
    write(fmt::format("forms/{}.png", 100 + i),
          encode_png(
              draw_small_picture(digits_->images, static_cast<std::int64_t>(i), forms[i], random)));
  }
  const json read = predicted({*folder_ / "forms"});
  ASSERT_EQ(read.size(), kImages);
  std::size_t same = 0;
  for (std::size_t i = 0; i < kImages; ++i) {
    same += read[i]["label"] == plain[i]["label"] ? 1 : 0;
    EXPECT_EQ(read[i]["polarity"], forms[i].light_ink ? "light on dark" : "dark on light") << i;
  }
  EXPECT_GE(same, kImages - 3);
}

// A folder of dark on light images of 0 and 1 trains as its light images do, and `data info` says
// so.
TEST_F(PredictPictures, TrainsOnDarkImagesOfZeroAndOne) {
  const auto pixels = std::as_const(digits_->images).as<std::uint8_t>();
  const fs::path data = *folder_ / "dark-data";
  for (std::size_t i = 0; i < 200; ++i) {
    Image image{28, 28, 1, {}};
    for (const std::uint8_t ink : pixels.subspan(784 * i, 784))
      image.pixels.push_back(ink < 128 ? 1 : 0);
    write(fmt::format("dark-data/{}/{}.png", digits_->labels[i], i), encode_png(image));
  }
  const CommandResult info = digitry({"data", "info", data.string(), "--json"});
  ASSERT_EQ(info.exit_status, 0) << info.err;
  const json form = json::parse(info.out)["splits"][0]["form"];
  EXPECT_EQ(form["polarity"], "dark on light");
  EXPECT_EQ(form["pixel_scale"], "0 to 1");
  EXPECT_TRUE(form["inverted"].get<bool>() && form["rescaled"].get<bool>());
  EXPECT_THAT(digitry({"data", "info", data.string()}).out,
              AllOf(HasSubstr("dark on light, inverted"), HasSubstr("0 to 1, times 255")));
  const CommandResult judged =
      digitry({"evaluate", run_, "--data", data.string(), "--json", "--split", "test"});
  ASSERT_EQ(judged.exit_status, 0) << judged.err;
  EXPECT_GT(json::parse(judged.out)["accuracy"].get<double>(), 0.8) << judged.out.substr(0, 400);
}

TEST_F(PredictPictures, ShowsInCsvWhatIsUnknown) {
  const std::string blank =
      write("unknown/a.png", encode_png({28, 28, 1, std::vector<std::uint8_t>(784, 9)}));
  RandomStream random(8, RandomPurpose::kTest, 0);
  const std::string seven =
      write("unknown/b.png",
            encode_png(draw_small_picture(digits_->images, 0, {.light_ink = false}, random)));
  const CommandResult csv = predict({*folder_ / "unknown", "--csv"});
  EXPECT_THAT(csv.out, AllOf(StartsWith("ImageId,Label,Rejected,Source\n1,"),
                             HasSubstr(",yes," + blank + "\n2,7,no," + seven + "\n")));
  const CommandResult table =
      predict({(small_mnist() / "t10k-images-idx3-ubyte").string(), "--csv", "--probability"});
  EXPECT_THAT(table.out, StartsWith("ImageId,Label,Probability,Rejected\n1,7,"));
}

TEST_F(PredictPictures, ReadsTwoDigitsOfTheModelsSize) {
  // A 7 and a 2 at half their size, side by side, dark on light.
  Image picture{28, 28, 1, std::vector<std::uint8_t>(784, 255)};
  const auto pixels = std::as_const(digits_->images).as<std::uint8_t>();
  for (std::size_t digit = 0; digit < 2; ++digit)
    for (std::size_t y = 0; y < 14; ++y)
      for (std::size_t x = 0; x < 14; ++x) {
        const std::size_t from = 784 * digit + 28 * 2 * y + 2 * x;
        const int ink =
            (pixels[from] + pixels[from + 1] + pixels[from + 28] + pixels[from + 29]) / 4;
        picture.pixels[28 * (y + 7) + 14 * digit + x] = static_cast<std::uint8_t>(255 - ink);
      }
  const std::string file = write("two-digits.png", encode_png(picture));
  const CommandResult result = digitry({"predict", file, "--json"});
  ASSERT_EQ(result.exit_status, 0) << result.err;
  EXPECT_EQ(json::parse(result.out)[0]["text"], "72");
  const CommandResult csv = digitry({"predict", file, "--csv"});
  EXPECT_EQ(std::ranges::count(csv.out, '\n'), 2) << csv.out;
}

}  // namespace
}  // namespace digitry::test
