// Training on colours, and all that takes its model.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "digitry/image/png.h"
#include "tests/app/digitry.h"
#include "tests/vision/encoders.h"

namespace digitry::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;

// Red and blue are told apart by their hue: all are on a ramp of the same luminance.
Image hue_of(bool red, int number) {
  const int light = 40 + number;
  Image picture{16, 12, 3, {}};
  for (int i = 0; i < 16 * 12; ++i)
    for (const int channel : {red ? 3 * light : 0, 20, red ? 0 : 4 * light})
      picture.pixels.push_back(static_cast<std::uint8_t>(std::min(255, channel)));
  return picture;
}

class Colour : public testing::Test {
 protected:
  void SetUp() override {
    for (int i = 0; i < 24; ++i)
      for (const bool red : {false, true}) {
        const Image picture = hue_of(red, i);
        const std::filesystem::path file =
            folder_ / fmt::format("{}/{}/{}.{}", i < 20 ? "train" : "test", red ? "red" : "blue",
                                  100 + i, i % 2 ? "jpg" : "png");
        make_folder(file.parent_path());
        write_file_atomically(file, i % 2 ? encode_jpeg(picture) : encode_png(picture));
      }
    write_file_atomically(folder_ / "recipe.toml", kTinyRecipe);
  }

  CommandResult run(std::vector<std::string> arguments) const {
    return digitry(std::move(arguments), {.folder = folder_.path()});
  }

  TemporaryFolder folder_;
};

TEST_F(Colour, TrainsEvaluatesAndPredictsInColour) {
  const CommandResult trained =
      run({"train", "--recipe", "recipe.toml", "--data", ".", "--channels", "colour", "--epochs",
           "40", "--learning-rate", "0.01", "--out", "runs/colour"});
  ASSERT_EQ(trained.exit_status, 0) << trained.err;
  EXPECT_THAT(file_bytes(folder_ / "runs/colour/config.toml"), HasSubstr("channels = \"colour\""));
  EXPECT_GT(file_bytes(folder_ / "runs/colour/report.html").size(), 1000U);
  const CommandResult evaluated = run({"evaluate", "runs/colour", "--json"});
  ASSERT_EQ(evaluated.exit_status, 0) << evaluated.err;
  EXPECT_EQ(json::parse(evaluated.out)["accuracy"], 1.0);
  EXPECT_EQ(run({"explain", "runs/colour", "--index", "0"}).exit_status, 0);
  // Pictures of the model's size and of another. The second makes the folder one that is no data
  // set.
  write_file_atomically(folder_ / "small.png", encode_png({2, 3, 3, [] {
                                                             Image image = hue_of(true, 3);
                                                             image.pixels.resize(18);
                                                             return image.pixels;
                                                           }()}));
  const CommandResult predicted =
      run({"predict", "runs/colour", "test/red", "test/blue/120.png", "small.png", "--json"});
  ASSERT_EQ(predicted.exit_status, 0) << predicted.err;
  const json rows = json::parse(predicted.out);
  ASSERT_EQ(rows.size(), 6U);
  for (std::size_t i = 0; i < 6; ++i) EXPECT_EQ(rows[i]["label"], i == 4 ? "blue" : "red") << i;
  for (const char* form : {"onnx", "c"})
    EXPECT_EQ(run({"export", "runs/colour", "--to", form, "--out", std::string("out_") + form})
                  .exit_status,
              0)
        << form;
}

TEST_F(Colour, IsGreyUnlessAskedFor) {
  const json grey = json::parse(run({"data", "info", ".", "--json"}).out);
  EXPECT_EQ(grey["splits"][0]["image_shape"], json({1, 16, 12}));
  const json colour = json::parse(run({"data", "info", ".", "--json", "--channels", "colour"}).out);
  EXPECT_EQ(colour["splits"][0]["image_shape"], json({3, 16, 12}));
  EXPECT_EQ(run({"data", "info", ".", "--channels", "rgb"}).exit_status, 2);
}

}  // namespace
}  // namespace digitry::test
