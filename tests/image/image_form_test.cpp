#include "digitry/image/image_form.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace digitry {
namespace {

// 5×4 pixels of the background, with a bar of ink down the middle.
std::vector<std::uint8_t> bar(std::uint8_t background, std::uint8_t ink) {
  std::vector<std::uint8_t> pixels(20, background);
  for (const std::size_t i : {2U, 6U, 10U, 14U, 18U}) pixels[i] = ink;
  return pixels;
}

Polarity polarity_of(const std::vector<std::uint8_t>& pixels) {
  return find_polarity(pixels, {.height = 5, .width = 4});
}

TEST(FindPolarity, TakesTheMedianOfTheBorderAsBackground) {
  EXPECT_EQ(polarity_of(bar(0, 255)), Polarity::kLightOnDark);
  EXPECT_EQ(polarity_of(bar(255, 0)), Polarity::kDarkOnLight);
  EXPECT_EQ(polarity_of(bar(200, 120)), Polarity::kDarkOnLight);
  EXPECT_EQ(polarity_of(bar(30, 60)), Polarity::kLightOnDark);
}

TEST(FindPolarity, IsUnclearBetweenDarkestAndLightest) {
  std::vector<std::uint8_t> pixels = bar(128, 255);
  pixels[9] = 0;
  EXPECT_EQ(polarity_of(pixels), Polarity::kUnclear);
}

TEST(FindPolarity, IsBlankWithoutContrast) {
  EXPECT_EQ(polarity_of(bar(90, 90)), Polarity::kBlank);
  EXPECT_EQ(polarity_of(bar(90, 105)), Polarity::kBlank);
  EXPECT_EQ(polarity_of(bar(90, 106)), Polarity::kLightOnDark);
}

}  // namespace
}  // namespace digitry
