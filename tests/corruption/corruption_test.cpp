#include "digitry/corruption/corruption.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <numeric>
#include <set>
#include <string>
#include <vector>

#include "digitry/base/parallel.h"
#include "tests/data/test_files.h"
#include "tests/support/values.h"

namespace digitry {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::Ge;
using ::testing::Le;

using PixelValues = std::vector<std::uint8_t>;

// Images that all have the ink `ink(x, y)`.
Tensor painted(const Shape& shape, const std::function<int(std::int64_t, std::int64_t)>& ink) {
  Tensor images(shape, DType::kU8);
  const auto pixels = images.as<std::uint8_t>();
  for (std::int64_t i = 0; i < images.num_elements(); ++i)
    pixels[static_cast<std::size_t>(i)] =
        static_cast<std::uint8_t>(ink(i % shape[3], i / shape[3] % shape[2]));
  return images;
}

Tensor flat(const Shape& shape, int ink) {
  return painted(shape, [ink](auto, auto) { return ink; });
}

// An L of full ink that keeps 6 pixels away from the border.
Tensor letters(std::int64_t count) {
  return painted({count, 1, 28, 28}, [](std::int64_t x, std::int64_t y) {
    const bool upright = x >= 9 && x < 13 && y >= 6 && y < 21;
    const bool foot = x >= 9 && x < 20 && y >= 17 && y < 21;
    return upright || foot ? 255 : 0;
  });
}

PixelValues corrupted(const Tensor& images, Corruption corruption, std::uint64_t seed = 1) {
  const Tensor result = corrupt_images(images, corruption, seed);
  const auto pixels = result.as<std::uint8_t>();
  return {pixels.begin(), pixels.end()};
}

PixelValues pixels_of_images(const Tensor& images) {
  const auto pixels = images.as<std::uint8_t>();
  return {pixels.begin(), pixels.end()};
}

double sum_of(const PixelValues& pixels) {
  return std::accumulate(pixels.begin(), pixels.end(), 0.0);
}

double share_of(const PixelValues& pixels, int value) {
  return static_cast<double>(std::ranges::count(pixels, value)) /
         static_cast<double>(pixels.size());
}

// The centroid of the ink of the 28×28 image `n`, relative to the centre.
std::pair<double, double> center_of(const PixelValues& pixels, std::size_t n) {
  double sum = 0, x = 0, y = 0;
  for (std::size_t i = 0; i < 784; ++i) {
    const double ink = pixels[n * 784 + i];
    sum += ink;
    x += ink * (static_cast<double>(i % 28) - 13.5);
    const std::size_t row = i / 28;
    y += ink * (static_cast<double>(row) - 13.5);
  }
  return {x / sum, y / sum};
}

class EveryCorruption : public ::testing::TestWithParam<Corruption> {};

TEST_P(EveryCorruption, ChangesImagesAndKeepsTheirShape) {
  const Tensor images = letters(5);
  const Tensor result = corrupt_images(images, GetParam(), 1);
  EXPECT_EQ(result.shape(), images.shape());
  EXPECT_EQ(result.dtype(), DType::kU8);
  for (std::int64_t n = 0; n < 5; ++n) {
    const auto before = images.as<std::uint8_t>().subspan(static_cast<std::size_t>(n) * 784, 784);
    const auto after = result.as<std::uint8_t>().subspan(static_cast<std::size_t>(n) * 784, 784);
    int changed = 0;
    for (std::size_t i = 0; i < 784; ++i) changed += std::abs(before[i] - after[i]) > 20 ? 1 : 0;
    EXPECT_GE(changed, 15) << n;
  }
}

TEST_P(EveryCorruption, DependsOnSeedAndImageAlone) {
  const Tensor images = letters(70);
  const PixelValues want = corrupted(images, GetParam());
  for (const int threads : {1, 2, 3}) {
    const ScopedNumThreads scope(threads);
    EXPECT_EQ(corrupted(images, GetParam()), want) << threads;
  }
  // Another corruption in between leaves no state behind.
  const std::vector<std::int32_t> some{69, 3, 12, 3};
  const Tensor picked = corrupt_images(images, some, GetParam(), 1);
  for (std::size_t i = 0; i < some.size(); ++i) {
    const auto got = picked.as<std::uint8_t>().subspan(i * 784, 784);
    EXPECT_TRUE(std::ranges::equal(
        got, std::span(want).subspan(static_cast<std::size_t>(some[i]) * 784, 784)))
        << i;
  }
  const std::set<Corruption> not_random{Corruption::kScale, Corruption::kBrightness,
                                        Corruption::kStripe, Corruption::kCannyEdges};
  EXPECT_EQ(corrupted(images, GetParam(), 2) == want, not_random.contains(GetParam()));
}

TEST_P(EveryCorruption, TakesSmallAndOblongImagesAndSeveralChannels) {
  for (const Shape& shape : std::vector<Shape>{{2, 1, 1, 1},
                                               {1, 1, 1, 40},
                                               {1, 1, 40, 1},
                                               {3, 1, 8, 8},
                                               {2, 3, 9, 17},
                                               {1, 2, 70, 64}}) {
    SCOPED_TRACE(shape.to_string());
    const Tensor images = painted(shape, [](auto x, auto y) { return (x * 31 + y * 57) % 256; });
    const Tensor result = corrupt_images(images, GetParam(), 1);
    EXPECT_EQ(result.shape(), shape);
    // Equal channels were corrupted equally.
    const std::int64_t area = shape[2] * shape[3];
    const auto pixels = result.as<std::uint8_t>();
    for (std::int64_t channel = 1; channel < shape[1]; ++channel)
      EXPECT_TRUE(
          std::equal(pixels.begin(), pixels.begin() + area, pixels.begin() + channel * area));
  }
}

TEST_P(EveryCorruption, HasANameThatFindsIt) {
  EXPECT_EQ(find_corruption(to_string(GetParam())), GetParam());
}

INSTANTIATE_TEST_SUITE_P(Corruption, EveryCorruption,
                         ::testing::ValuesIn(all_corruptions().begin(), all_corruptions().end()),
                         [](const auto& tested) { return std::string(to_string(tested.param)); });

TEST(Corruption, ThereAreFifteen) {
  EXPECT_EQ(all_corruptions().size(), 15U);
  EXPECT_FALSE(find_corruption("frost"));
  EXPECT_FALSE(find_corruption(""));
}

TEST(Corruption, RefusesOtherTensors) {
  for (const Shape& shape :
       std::vector<Shape>{{28, 28}, {2, 28, 28}, {2, 1, 0, 28}, {2, 0, 28, 28}})
    test::expect_error(ErrorCode::kShapeMismatch, {"[N,C,H,W]", shape.to_string()},
                       [&] { corrupt_images(Tensor(shape, DType::kU8), Corruption::kFog, 1); });
  test::expect_error(ErrorCode::kShapeMismatch, {"f32"}, [] {
    corrupt_images(Tensor({1, 1, 28, 28}, DType::kF32), Corruption::kFog, 1);
  });
  EXPECT_EQ(corrupt_images(Tensor({0, 1, 28, 28}, DType::kU8), Corruption::kFog, 1).num_elements(),
            0);
}

TEST(Corruption, ShotNoiseCountsPhotons) {
  EXPECT_THAT(corrupted(flat({2, 1, 28, 28}, 0), Corruption::kShotNoise), Each(0));
  // Poisson with mean 3 · 85/255 = 1: the probabilities of 0, 1, 2 and more.
  const PixelValues grey = corrupted(flat({100, 1, 28, 28}, 85), Corruption::kShotNoise);
  EXPECT_NEAR(share_of(grey, 0), 0.3679, 0.01);
  EXPECT_NEAR(share_of(grey, 85), 0.3679, 0.01);
  EXPECT_NEAR(share_of(grey, 170), 0.1839, 0.01);
  EXPECT_NEAR(share_of(grey, 255), 0.0803, 0.01);
  // Mean 3: e⁻³, and 1 − 8.5 e⁻³ of three or more.
  const PixelValues full = corrupted(flat({100, 1, 28, 28}, 255), Corruption::kShotNoise);
  EXPECT_NEAR(share_of(full, 0), 0.0498, 0.005);
  EXPECT_NEAR(share_of(full, 255), 0.5768, 0.01);
}

TEST(Corruption, ImpulseNoiseIsSaltAndPepper) {
  const PixelValues noisy = corrupted(flat({100, 1, 28, 28}, 100), Corruption::kImpulseNoise);
  EXPECT_NEAR(share_of(noisy, 0), 0.085, 0.005);
  EXPECT_NEAR(share_of(noisy, 255), 0.085, 0.005);
  EXPECT_NEAR(share_of(noisy, 100), 0.83, 0.01);
}

TEST(Corruption, GlassBlurKeepsInkNearItsPlace) {
  const Tensor letter = letters(20);
  const PixelValues before = pixels_of_images(letter);
  const PixelValues after = corrupted(letter, Corruption::kGlassBlur);
  EXPECT_NEAR(sum_of(after) / sum_of(before), 1, 0.02);
  for (std::size_t n = 0; n < 20; ++n) {
    const auto [x0, y0] = center_of(before, n);
    const auto [x1, y1] = center_of(after, n);
    EXPECT_NEAR(x1, x0, 2) << n;
    EXPECT_NEAR(y1, y0, 2) << n;
  }
  EXPECT_THAT(corrupted(flat({1, 1, 28, 28}, 200), Corruption::kGlassBlur),
              Each(AllOf(Ge(199), Le(201))));
}

TEST(Corruption, MotionBlurFadesToTheLeft) {
  const Tensor dot =
      painted({30, 1, 28, 28}, [](auto x, auto y) { return x == 20 && y == 14 ? 255 : 0; });
  const PixelValues after = corrupted(dot, Corruption::kMotionBlur);
  // Half a Gaussian with standard deviation 3 at 0, 1, ..., 20: the first weight is 1 / 4.2599.
  double largest_rise = 0, largest_fall = 0;
  for (std::size_t n = 0; n < 30; ++n) {
    EXPECT_EQ(after[n * 784 + 14 * 28 + 20], 60) << n;
    const auto [x, y] = center_of(after, n);
    EXPECT_LT(x, 6.5 - 1) << n;
    EXPECT_LE(std::fabs(y - 0.5), (6.5 - x) + 0.5) << "within 45 degrees";
    largest_rise = std::max(largest_rise, y - 0.5);
    largest_fall = std::min(largest_fall, y - 0.5);
  }
  EXPECT_GT(largest_rise, 0.5);
  EXPECT_LT(largest_fall, -0.5);
  EXPECT_THAT(corrupted(flat({1, 1, 28, 28}, 77), Corruption::kMotionBlur), Each(77));
}

// The position of the dot of image `n`, relative to the centre.
std::vector<std::pair<double, double>> moved_dot(Corruption corruption, int x0, int y0) {
  // A 2×2 blob about (x0 + ½, y0 + ½), so that sampling does not lose it.
  const Tensor dots = painted({40, 1, 28, 28}, [&](auto x, auto y) {
    return (x == x0 || x == x0 + 1) && (y == y0 || y == y0 + 1) ? 255 : 0;
  });
  const PixelValues after = corrupted(dots, corruption);
  std::vector<std::pair<double, double>> places;
  for (std::size_t n = 0; n < 40; ++n) places.push_back(center_of(after, n));
  return places;
}

// Each position is one of `wanted`, and each of `wanted` occurs.
void expect_places(const std::vector<std::pair<double, double>>& places,
                   const std::vector<std::pair<double, double>>& wanted) {
  std::set<std::size_t> met;
  for (const auto& [x, y] : places) {
    std::size_t nearest = wanted.size();
    for (std::size_t i = 0; i < wanted.size(); ++i)
      if (std::hypot(x - wanted[i].first, y - wanted[i].second) < 0.3) nearest = i;
    EXPECT_LT(nearest, wanted.size()) << x << ", " << y;
    met.insert(nearest);
  }
  EXPECT_EQ(met.size(), wanted.size());
}

TEST(Corruption, RotateTurnsByTwoFifthsOfARadian) {
  // (6, 0) from the centre goes to 6 · (cos 0.4, ± sin 0.4).
  expect_places(moved_dot(Corruption::kRotate, 19, 13), {{5.526, 2.337}, {5.526, -2.337}});
}

TEST(Corruption, ScaleShrinksToSevenTenths) {
  expect_places(moved_dot(Corruption::kScale, 19, 19), {{4.2, 4.2}});
}

TEST(Corruption, ShearLeansUprightStrokes) {
  // The source of (x, y) is (x − y sin ±0.4, y cos 0.4): y = 6 / cos 0.4, x = ± 6 tan 0.4.
  expect_places(moved_dot(Corruption::kShear, 13, 19), {{2.537, 6.514}, {-2.537, 6.514}});
}

TEST(Corruption, TranslateMovesByThreePixelsAndLosesNothing) {
  const Tensor letter = letters(40);
  const PixelValues before = pixels_of_images(letter);
  const PixelValues after = corrupted(letter, Corruption::kTranslate);
  EXPECT_EQ(sum_of(after), sum_of(before));
  expect_places(moved_dot(Corruption::kTranslate, 13, 13), {{3, 3}, {3, -3}, {-3, 3}, {-3, -3}});
}

TEST(Corruption, BrightnessAddsAHalf) {
  const Tensor three =
      painted({1, 1, 1, 3}, [](auto x, auto) { return static_cast<int>(x) * 100; });
  EXPECT_THAT(corrupted(three, Corruption::kBrightness), ::testing::ElementsAre(128, 228, 255));
}

TEST(Corruption, StripeInvertsTheOuterQuarters) {
  const PixelValues after = corrupted(flat({1, 1, 28, 28}, 55), Corruption::kStripe);
  for (std::size_t i = 0; i < 784; ++i)
    EXPECT_EQ(after[i], i % 28 < 7 || i % 28 >= 21 ? 200 : 55) << i;
}

TEST(Corruption, FogRaisesTheBackgroundSmoothly) {
  Tensor images = flat({50, 1, 28, 28}, 0);
  for (std::size_t n = 0; n < 50; ++n) images.as<std::uint8_t>()[n * 784] = 255;
  const PixelValues after = corrupted(images, Corruption::kFog);
  double roughness = 0, mean = 0;
  for (std::size_t i = 0; i < after.size(); ++i) {
    if (i % 784 == 0) continue;
    // The fog takes three quarters of the range.
    EXPECT_LE(after[i], 193);
    mean += after[i] / static_cast<double>(after.size());
    if (i % 28 > 1) roughness += std::abs(after[i] - after[i - 1]);
  }
  EXPECT_GT(mean, 40);
  EXPECT_LT(mean, 150);
  EXPECT_LT(roughness / static_cast<double>(after.size()), 10);
  EXPECT_THAT(corrupted(flat({2, 1, 28, 28}, 0), Corruption::kFog), Each(0));
}

TEST(Corruption, SpatterIsMudOfOneTone) {
  const PixelValues black = corrupted(flat({50, 1, 28, 28}, 0), Corruption::kSpatter);
  for (const std::uint8_t pixel : black) EXPECT_TRUE(pixel == 0 || (pixel >= 50 && pixel <= 63));
  EXPECT_GT(share_of(black, 0), 0.6);
  EXPECT_LT(share_of(black, 0), 0.95);
  // The mud covers the ink.
  const PixelValues white = corrupted(flat({50, 1, 28, 28}, 255), Corruption::kSpatter);
  EXPECT_EQ(share_of(white, 255), share_of(black, 0));
}

TEST(Corruption, DottedLineHasTwoPixelsOnAndTwoOff) {
  const PixelValues after = corrupted(flat({30, 1, 28, 28}, 0), Corruption::kDottedLine);
  for (std::size_t n = 0; n < 30; ++n)
    for (std::size_t x = 0; x < 28; ++x) {
      int darkest = 0;
      double ink = 0;
      for (std::size_t y = 0; y < 28; ++y) {
        darkest = std::max<int>(darkest, after[n * 784 + y * 28 + x]);
        ink += after[n * 784 + y * 28 + x] / 255.0;
      }
      const bool on = x / 2 % 2 == 1 && x != 27;
      // At most half a pixel from a row: 1 + log(1 − 0.5/2.3) of full ink.
      EXPECT_GE(darkest, on ? 192 : 0) << n << ": " << x;
      EXPECT_LE(ink, on ? 2.5 : 0) << n << ": " << x;
    }
}

TEST(Corruption, ZigzagGoesUpAndDownFromColumnTwo) {
  const PixelValues after = corrupted(flat({30, 1, 28, 28}, 0), Corruption::kZigzag);
  for (std::size_t n = 0; n < 30; ++n) {
    std::vector<double> heights;
    for (std::size_t x = 0; x < 28; ++x) {
      double ink = 0, height = 0;
      for (std::size_t y = 0; y < 28; ++y) {
        ink += after[n * 784 + y * 28 + x];
        height += after[n * 784 + y * 28 + x] * static_cast<double>(y);
      }
      EXPECT_TRUE(x >= 2 || ink == 0) << n;
      heights.push_back(ink > 0 ? height / ink : -1);
    }
    // At least five corners, if the line does not leave the image.
    if (*std::min_element(heights.begin() + 2, heights.begin() + 25) < 3 ||
        *std::max_element(heights.begin() + 2, heights.begin() + 25) > 24)
      continue;
    int turns = 0;
    for (std::size_t x = 4; x < 24; ++x)
      turns += (heights[x] - heights[x - 1]) * (heights[x + 1] - heights[x]) < 0 ? 1 : 0;
    EXPECT_GE(turns, 4) << n;
    EXPECT_LE(turns, 10) << n;
  }
}

TEST(Corruption, CannyLeavesTheOutlineOfASquare) {
  const Tensor square = painted({1, 1, 28, 28}, [](auto x, auto y) {
    return x >= 8 && x < 20 && y >= 8 && y < 20 ? 255 : 0;
  });
  const PixelValues after = corrupted(square, Corruption::kCannyEdges);
  for (std::int64_t y = 0; y < 28; ++y)
    for (std::int64_t x = 0; x < 28; ++x) {
      const std::int64_t in_x = std::min(x - 8, 19 - x), in_y = std::min(y - 8, 19 - y);
      const std::int64_t inside = std::min(in_x, in_y);  // −1 beside the square, 0 at its rim
      const int pixel = after[static_cast<std::size_t>(y * 28 + x)];
      EXPECT_TRUE(pixel == 0 || pixel == 255);
      EXPECT_TRUE(std::abs(inside) <= 2 || pixel == 0) << x << ", " << y;
    }
  // On each side, far from the corners: the rim or its outer neighbour.
  for (std::size_t i = 11; i <= 16; ++i) {
    EXPECT_EQ(std::max(after[i * 28 + 7], after[i * 28 + 8]), 255) << i;
    EXPECT_EQ(std::max(after[i * 28 + 19], after[i * 28 + 20]), 255) << i;
    EXPECT_EQ(std::max(after[7 * 28 + i], after[8 * 28 + i]), 255) << i;
    EXPECT_EQ(std::max(after[19 * 28 + i], after[20 * 28 + i]), 255) << i;
  }
  EXPECT_THAT(corrupted(flat({1, 1, 28, 28}, 0), Corruption::kCannyEdges), Each(0));
}

TEST(Corruption, LengthsScaleWithTheImage) {
  // The corruption of a disc twice the size is about twice the size.
  const auto disc = [](std::int64_t side) {
    return painted({1, 1, side, side}, [side](auto x, auto y) {
      const double middle = static_cast<double>(side - 1) / 2;
      return std::hypot(static_cast<double>(x) - middle, static_cast<double>(y) - middle) <
                     static_cast<double>(side) / 4
                 ? 255
                 : 0;
    });
  };
  for (const Corruption corruption :
       {Corruption::kScale, Corruption::kTranslate, Corruption::kMotionBlur,
        Corruption::kDottedLine, Corruption::kZigzag, Corruption::kStripe}) {
    const double small = sum_of(corrupted(disc(28), corruption)) / (28 * 28);
    const double large = sum_of(corrupted(disc(56), corruption)) / (56 * 56);
    EXPECT_NEAR(large / small, 1, 0.06) << to_string(corruption);
  }
}

}  // namespace
}  // namespace digitry
