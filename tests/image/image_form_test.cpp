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

ImagePolarity polarity_of(const std::vector<std::uint8_t>& pixels) {
  return find_polarity(pixels, {.height = 5, .width = 4});
}

TEST(FindPolarity, TakesTheMedianOfTheBorderAsBackground) {
  EXPECT_EQ(polarity_of(bar(0, 255)), ImagePolarity::kLightOnDark);
  EXPECT_EQ(polarity_of(bar(255, 0)), ImagePolarity::kDarkOnLight);
  EXPECT_EQ(polarity_of(bar(200, 120)), ImagePolarity::kDarkOnLight);
  EXPECT_EQ(polarity_of(bar(30, 60)), ImagePolarity::kLightOnDark);
}

TEST(FindPolarity, IsUnclearBetweenDarkestAndLightest) {
  std::vector<std::uint8_t> pixels = bar(128, 255);
  pixels[9] = 0;
  EXPECT_EQ(polarity_of(pixels), ImagePolarity::kUnclear);
  // A third of the contrast is light on dark, and no more; two thirds are dark on light.
  const auto with_background = [&](std::uint8_t background) {
    std::vector<std::uint8_t> of = bar(background, 150);
    of[9] = 0;
    return polarity_of(of);
  };
  EXPECT_EQ(with_background(50), ImagePolarity::kLightOnDark);
  EXPECT_EQ(with_background(51), ImagePolarity::kUnclear);
  EXPECT_EQ(with_background(99), ImagePolarity::kUnclear);
  EXPECT_EQ(with_background(100), ImagePolarity::kDarkOnLight);
}

TEST(FindPolarity, IsBlankWithoutContrast) {
  EXPECT_EQ(polarity_of(bar(90, 90)), ImagePolarity::kBlank);
  EXPECT_EQ(polarity_of(bar(90, 105)), ImagePolarity::kBlank);
  EXPECT_EQ(polarity_of(bar(90, 106)), ImagePolarity::kLightOnDark);
}

TEST(LightOnDark, StretchesFromTheBackgroundToTheInk) {
  const Image dark{5, 4, 1, bar(200, 100)};
  EXPECT_EQ(light_on_dark(dark, ImagePolarity::kDarkOnLight).pixels, bar(0, 255));
  const Image light{5, 4, 1, bar(50, 100)};
  EXPECT_EQ(light_on_dark(light, ImagePolarity::kLightOnDark).pixels, bar(0, 255));
  const Image black{5, 4, 1, bar(0, 100)};
  EXPECT_EQ(light_on_dark(black, ImagePolarity::kLightOnDark).pixels, black.pixels);
}

// 28×28, with a bar of full ink from row `top` to `bottom`, in columns `left` and the next.
Image upright_bar(std::int64_t left, std::int64_t top, std::int64_t bottom, std::uint8_t ink) {
  Image image{28, 28, 1, std::vector<std::uint8_t>(784)};
  for (std::int64_t y = top; y <= bottom; ++y)
    for (const std::int64_t x : {left, left + 1})
      image.pixels[static_cast<std::size_t>(y * 28 + x)] = ink;
  return image;
}

TEST(FindImageForm, FindsMnistsFormInEitherPolarityAndScale) {
  const Image ready = upright_bar(13, 4, 23, 255);
  EXPECT_TRUE(find_image_form(ready).ready);
  EXPECT_EQ(find_image_form(ready).light.pixels, ready.pixels);
  Image inverted = ready;
  for (std::uint8_t& pixel : inverted.pixels) pixel = static_cast<std::uint8_t>(255 - pixel);
  const ImageForm dark = find_image_form(inverted);
  EXPECT_TRUE(dark.ready);
  EXPECT_EQ(dark.polarity, ImagePolarity::kDarkOnLight);
  EXPECT_EQ(dark.light.pixels, ready.pixels);
  const ImageForm unit = find_image_form(upright_bar(13, 4, 23, 1));
  EXPECT_TRUE(unit.ready && unit.unit_scale);
  EXPECT_EQ(unit.light.pixels, ready.pixels);
}

TEST(FindImageForm, IsNotReadyOffCenterOrOfAnotherSize) {
  EXPECT_FALSE(find_image_form(upright_bar(20, 4, 23, 255)).ready);
  EXPECT_FALSE(find_image_form(upright_bar(13, 0, 19, 255)).ready);
  EXPECT_FALSE(find_image_form(upright_bar(13, 8, 19, 255)).ready);
  EXPECT_FALSE(find_image_form(upright_bar(13, 0, 27, 255)).ready);
  EXPECT_FALSE(find_image_form(upright_bar(13, 4, 23, 150)).ready);
}

TEST(FindImageForm, IsNotReadyIfTwoThingsStandSideBySide) {
  const auto pair = [](std::int64_t top_of_second) {
    Image image = upright_bar(11, 4, 23, 255);
    const Image second = upright_bar(17, top_of_second, 23, 255);
    for (std::size_t i = 0; i < image.pixels.size(); ++i) image.pixels[i] |= second.pixels[i];
    return image;
  };
  EXPECT_FALSE(find_image_form(pair(4)).ready);
  EXPECT_FALSE(find_image_form(pair(8)).ready);
  EXPECT_TRUE(find_image_form(pair(13)).ready) << "the second is a part of the first";
}

}  // namespace
}  // namespace digitry
