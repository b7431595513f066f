#include "digitry/image/fit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace digitry {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;

TEST(FitImage, LeavesTheRightSizeAlone) {
  EXPECT_THAT(fit_image({1, 2, 1, {3, 4}}, {1, 2}).pixels, ElementsAre(3, 4));
}

TEST(FitImage, AveragesAreas) {
  EXPECT_THAT(fit_image({2, 4, 1, {0, 4, 10, 30, 8, 4, 20, 40}}, {1, 2}).pixels,
              ElementsAre(4, 25));
  // 3 pixels to 2: the middle one is shared.
  EXPECT_THAT(fit_image({3, 3, 1, {0, 90, 30, 0, 90, 30, 0, 90, 30}}, {2, 2}).pixels,
              ElementsAre(30, 50, 30, 50));
}

TEST(FitImage, InterpolatesLarger) {
  EXPECT_THAT(fit_image({1, 2, 1, {0, 100}}, {2, 4}).pixels,
              ElementsAre(0, 25, 75, 100, 0, 25, 75, 100));
}

TEST(FitImage, KeepsTheAspectOnTheBackground) {
  // Ink of 0 on paper of 200, twice as high as wide.
  Image tall{40, 20, 1, std::vector<std::uint8_t>(800, 200)};
  for (std::size_t y = 10; y < 30; ++y)
    for (std::size_t x = 5; x < 15; ++x) tall.pixels[y * 20 + x] = 0;
  const Image fitted = fit_image(tall, {20, 20});
  EXPECT_EQ(fitted.pixels[0], 200);
  EXPECT_EQ(fitted.pixels[10 * 20 + 4], 200);
  EXPECT_EQ(fitted.pixels[10 * 20 + 10], 0);
  EXPECT_EQ(fitted.pixels[10 * 20 + 19], 200);
  EXPECT_THAT(fit_image({1, 1, 1, {9}}, {3, 5}).pixels, Each(9));
}

}  // namespace
}  // namespace digitry
