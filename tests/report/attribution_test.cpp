#include "digitry/report/attribution.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "digitry/image/png.h"
#include "digitry/report/explanation_png.h"

namespace digitry {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;

TEST(AttributionPicture, IsScaledByItsStrongest) {
  const std::vector<float> map = {0, 2, -4, 1};
  EXPECT_THAT(make_attribution_picture(map, 2, 2, 1).strengths, ElementsAre(0, 0.5, -1, 0.25));
  EXPECT_THAT(make_attribution_picture(std::vector<float>(4), 2, 2, 1).strengths, Each(0));
}

TEST(AttributionPicture, IsReducedAsThumbnailsAre) {
  const std::vector<float> map = {1, 1, 0, 1, 1, 0, 0, 0, -2};
  const AttributionPicture picture = make_attribution_picture(map, 3, 3, 2);
  EXPECT_EQ(picture.width, 2);
  EXPECT_EQ(picture.height, 2);
  EXPECT_THAT(picture.strengths, ElementsAre(1, 0, 0, -0.5));
}

TEST(MainPlace, IsTheNinthOfWhatSpeaksThatSpeaksMost) {
  // 6 × 6 of 6 × 12 pixels have evidence: for the answer at the upper right and, twice as much, in
  // the middle; for the rival at the lower left.
  std::vector<float> map(72);
  const auto at = [&](std::size_t row, std::size_t column) -> float& {
    return map[row * 12 + 6 + column];
  };
  const auto place = [&](EvidenceFor whom) {
    return main_place(make_attribution_picture(map, 6, 12, 1), whom);
  };
  at(0, 5) = 1;
  at(2, 2) = at(2, 3) = 0.6F;
  at(5, 0) = -0.1F;
  EXPECT_EQ(place(EvidenceFor::kAnswer), "middle");
  EXPECT_EQ(place(EvidenceFor::kRival), "lower left");
  at(2, 3) = 0.1F;
  EXPECT_EQ(place(EvidenceFor::kAnswer), "upper right");
  at(5, 0) = 0.1F;
  EXPECT_EQ(place(EvidenceFor::kRival), "");
}

TEST(AttributionColours, AreVermilionForAndBlueAgainst) {
  const auto palette = attribution_palette();
  const auto entry = [&](float strength) {
    const auto at = palette.begin() + 4 * attribution_index(strength);
    return std::vector<int>(at, at + 4);
  };
  EXPECT_THAT(entry(1), ElementsAre(0xd5, 0x5e, 0x00, 255));
  EXPECT_THAT(entry(-1), ElementsAre(0x00, 0x72, 0xb2, 255));
  EXPECT_EQ(entry(0)[3], 0);
  EXPECT_LT(entry(0.3F)[3], entry(0.6F)[3]);
  EXPECT_THAT(attribution_color(1, 200, 255), ElementsAre(0xd5, 0x5e, 0x00));
  EXPECT_THAT(attribution_color(0, 0, 255), ElementsAre(255, 255, 255));
  EXPECT_THAT(attribution_color(0, 0, 0), ElementsAre(0, 0, 0));
  // A digit without evidence is faint.
  EXPECT_THAT(attribution_color(0, 255, 255), ElementsAre(153, 153, 153));
}

TEST(ExplanationPng, ShowsTheImageItsTintAndItsNeighbours) {
  const Image image{28, 28, 1, std::vector<std::uint8_t>(784, 255)};
  const AttributionPicture silent{.width = 28, .height = 28, .strengths = std::vector<float>(784)};
  const Image decoded =
      decode_grey_png(encode_explanation_png(image, silent, {image, image, image}), "it");
  EXPECT_EQ(decoded.width, 5 * 120 + 8);
  EXPECT_EQ(decoded.height, 112 + 16);
  const auto at = [&](std::int64_t x, std::int64_t y) {
    return static_cast<int>(decoded.pixels[static_cast<std::size_t>(y * decoded.width + x)]);
  };
  EXPECT_EQ(at(0, 0), 255);
  EXPECT_EQ(at(8, 8), 0);
  EXPECT_EQ(at(128, 8), 153) << "faint where nothing speaks";
  EXPECT_EQ(at(119, 119), 0);
  EXPECT_EQ(at(120, 119), 255);
  EXPECT_EQ(at(4 * 120 + 8, 8), 0);
}

}  // namespace
}  // namespace digitry
