#include "digitry/data/set_form.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "digitry/data/dataset.h"

namespace digitry {
namespace {

// `count` images of 28×28: a bar of `ink` in the middle of `paper`.
Tensor bars(std::int64_t count, std::uint8_t paper, std::uint8_t ink) {
  Tensor images({count, 1, 28, 28}, DType::kU8);
  const auto pixels = images.as<std::uint8_t>();
  std::ranges::fill(pixels, paper);
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i)
    for (std::size_t y = 4; y < 24; ++y)
      for (const std::size_t x : {13U, 14U}) pixels[784 * i + 28 * y + x] = ink;
  return images;
}

std::vector<std::uint8_t> values(const Tensor& images) {
  const auto pixels = images.as<std::uint8_t>();
  return {pixels.begin(), pixels.end()};
}

TEST(NormalizeImages, LeavesLightOnDarkAsItIs) {
  Tensor images = bars(20, 0, 255);
  const SetForm form = normalize_images(images);
  EXPECT_EQ(values(images), values(bars(20, 0, 255)));
  EXPECT_EQ(form.polarity, ImagePolarity::kLightOnDark);
  EXPECT_TRUE(form.mnist_form);
  EXPECT_FALSE(form.inverted || form.rescaled || form.unit_scale);
  EXPECT_EQ(form.name(), "mnist");
}

TEST(NormalizeImages, InvertsDarkOnLight) {
  Tensor images = bars(20, 255, 0);
  EXPECT_EQ(find_set_form(images).name(), "as found");
  const SetForm form = normalize_images(images);
  EXPECT_EQ(values(images), values(bars(20, 0, 255)));
  EXPECT_EQ(form.polarity, ImagePolarity::kDarkOnLight);
  EXPECT_EQ(form.share_dark_on_light, 1);
  EXPECT_TRUE(form.inverted);
  EXPECT_EQ(form.name(), "mnist");
}

TEST(NormalizeImages, RescalesZeroAndOneInEitherPolarity) {
  for (const std::uint8_t paper : {std::uint8_t{0}, std::uint8_t{1}}) {
    Tensor images = bars(20, paper, static_cast<std::uint8_t>(1 - paper));
    const SetForm form = normalize_images(images);
    EXPECT_EQ(values(images), values(bars(20, 0, 255)));
    EXPECT_TRUE(form.unit_scale && form.rescaled);
    EXPECT_EQ(form.inverted, paper == 1);
  }
}

// The set decides: a few images of the other polarity stay as they are, relative to the others.
TEST(NormalizeImages, DecidesByTheSetAndLeavesMixturesAlone) {
  const auto mixture = [](std::int64_t num_dark) {
    Tensor images = bars(20, 0, 255);
    std::ranges::copy(values(bars(num_dark, 255, 0)), images.as<std::uint8_t>().begin());
    return images;
  };
  Tensor mostly_dark = mixture(19);
  EXPECT_TRUE(normalize_images(mostly_dark).inverted);
  EXPECT_EQ(values(mostly_dark).back(), 255);
  Tensor mixed = mixture(10);
  const SetForm form = normalize_images(mixed);
  EXPECT_EQ(values(mixed), values(mixture(10)));
  EXPECT_EQ(form.polarity, ImagePolarity::kUnclear);
  EXPECT_EQ(form.share_light_on_dark, 0.5);
  EXPECT_EQ(form.name(), "as found");
}

TEST(NormalizeImages, LeavesColoursAndBlanksAlone) {
  Tensor colours({2, 3, 4, 4}, DType::kU8);
  std::ranges::fill(colours.as<std::uint8_t>(), std::uint8_t{1});
  EXPECT_FALSE(normalize_images(colours).rescaled);
  EXPECT_EQ(values(colours)[0], 1);
  Tensor blanks = bars(3, 7, 7);
  EXPECT_EQ(normalize_images(blanks).polarity, ImagePolarity::kBlank);
  EXPECT_EQ(values(blanks)[0], 7);
}

// Of 6,000 images a third are looked at; a pixel of another has the last word.
TEST(FindSetForm, LooksAtAllBeforeItCallsPixelsZeroAndOne) {
  Tensor images = bars(6000, 0, 1);
  EXPECT_TRUE(find_set_form(images).unit_scale);
  images.as<std::uint8_t>()[784 + 400] = 200;
  EXPECT_FALSE(find_set_form(images).unit_scale);
}

TEST(FindSetForm, DoesNotCountBlankImages) {
  Tensor images = bars(20, 0, 255);
  std::ranges::fill(images.as<std::uint8_t>().first(std::size_t{5} * 784), std::uint8_t{0});
  const SetForm form = find_set_form(images);
  EXPECT_EQ(form.share_light_on_dark, 1);
  EXPECT_EQ(form.polarity, ImagePolarity::kLightOnDark);
}

TEST(FindSetForm, CallsImagesOfAnotherFormLightOnDark) {
  Tensor images = bars(20, 0, 255);
  // Two in twenty of another form are MNIST all the same, three are not.
  const auto pixels = images.as<std::uint8_t>();
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(find_set_form(images).name(), "mnist") << i;
    for (std::size_t x = 0; x < 28; ++x) pixels[784 * i + 28 * 2 + x] = 255;
  }
  EXPECT_EQ(find_set_form(images).name(), "light on dark");
}

TEST(FindSetForm, KnowsMnist) {
  EXPECT_EQ(find_set_form(load_dataset("mnist", Split::kTrain).images).name(), "mnist");
}

}  // namespace
}  // namespace digitry
