#include "apps/digitry/terminal/draw.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace digitry::app {
namespace {

using ::testing::HasSubstr;

// Three rows of five: the third stands alone above nothing.
const Image kImage{.height = 3,
                   .width = 5,
                   .channels = 1,
                   .pixels = {0, 255, 255, 255, 0, 0, 255, 255, 255, 0, 255, 0, 0, 0, 0}};
const AttributionPicture kAttribution{
    .width = 5, .height = 3, .strengths = {0, 1, -1, 0.1F, 0, 0, 0.2F, -1, 0, 0, 0, 0, 0, 0, 0}};

TEST(DrawAttribution, InPlainCharacters) {
  EXPECT_EQ(draw_attribution(kImage, kAttribution, false), " +-.\n.\n");
}

TEST(DrawAttribution, InColours) {
  const std::string text = draw_attribution(kImage, kAttribution, true);
  EXPECT_NE(text.find("\x1b[38;2;213;94;0;"), std::string::npos) << "vermilion for the answer";
  EXPECT_NE(text.find("\x1b[38;2;0;114;178;48;2;0;114;178m▀"), std::string::npos) << "blue against";
  EXPECT_NE(text.find("\x1b[0m\n"), std::string::npos);
}

TEST(DrawImages, CutsCaptionsBetweenCharacters) {
  Dataset data;
  data.images = Tensor({1, 1, 2, 3}, DType::kU8);
  data.labels = {0};
  data.class_names = {"ääää"};
  EXPECT_THAT(draw_images(data, std::vector<std::int64_t>{0}, {}), HasSubstr("ää…"));
}

}  // namespace
}  // namespace digitry::app
