#include "digitry/augment/intensity.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

namespace digitry {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::Ge;
using ::testing::Le;

constexpr ImageSize kToneSize{28, 28};
constexpr int kToneImages = 400;

// A block of full ink.
std::vector<float> block() {
  std::vector<float> plane(28 * 28);
  for (std::size_t y = 10; y < 18; ++y)
    for (std::size_t x = 8; x < 20; ++x) plane[y * 28 + x] = 1;
  return plane;
}

std::vector<float> toned(const AugmentOptions& options, std::int32_t index,
                         std::vector<float> plane = block()) {
  IntensityAugmenter(options, kToneSize)
      .change({.seed = 1, .epoch = 2, .index = index}, plane.data());
  return plane;
}

int count_unchanged(const AugmentOptions& options) {
  int unchanged = 0;
  for (int i = 0; i < kToneImages; ++i) unchanged += toned(options, i) == block() ? 1 : 0;
  return unchanged;
}

double ink_of(const std::vector<float>& plane) {
  return std::accumulate(plane.begin(), plane.end(), 0.0);
}

TEST(IntensityAugmenter, AreLeftAloneWhereNothingIsOn) {
  EXPECT_FALSE(IntensityAugmenter({}, kToneSize).any());
  EXPECT_FALSE(IntensityAugmenter({.rotation = 10, .erase = 1, .erase_ink = 1}, kToneSize).any());
  EXPECT_EQ(toned({}, 0), block());
}

TEST(IntensityAugmenter, StayFromZeroToOne) {
  const AugmentOptions all{.clutter = 5,
                           .filter = 0.5,
                           .filter_size = 9,
                           .blur = 3,
                           .background = 1,
                           .contrast = 1,
                           .invert = 0.5,
                           .noise = 2};
  EXPECT_TRUE(IntensityAugmenter(all, kToneSize).any());
  for (int i = 0; i < kToneImages; ++i) EXPECT_THAT(toned(all, i), Each(AllOf(Ge(0), Le(1))));
}

TEST(IntensityAugmenter, BlurLightAndNoiseLeaveEveryOtherImageAlone) {
  for (const AugmentOptions& options :
       {AugmentOptions{.blur = 2}, AugmentOptions{.background = 0.7},
        AugmentOptions{.contrast = 0.7}, AugmentOptions{.noise = 0.5}})
    EXPECT_NEAR(count_unchanged(options), 0.5 * kToneImages, 50);
}

TEST(IntensityAugmenter, ChancesAreAsAsked) {
  EXPECT_NEAR(count_unchanged({.filter = 0.25}), kToneImages * 0.75, 45);
  EXPECT_NEAR(count_unchanged({.invert = 0.25}), kToneImages * 0.75, 45);
  EXPECT_EQ(count_unchanged({.invert = 1}), 0);
}

TEST(IntensityAugmenter, ClutterAddsPiecesOfTheInkAndTakesNoneAway) {
  double most = 0;
  for (int i = 0; i < kToneImages; ++i) {
    const std::vector<float> plane = toned({.clutter = 3}, i);
    const std::vector<float> before = block();
    for (std::size_t p = 0; p < plane.size(); ++p) ASSERT_GE(plane[p], before[p]);
    most = std::max(most, ink_of(plane) - ink_of(before));
  }
  EXPECT_GT(most, 40);
  EXPECT_LE(most, 3 * 9 * 9);
}

// Of pixel `p`, counted from the middle row.
double row_offset_squared(std::size_t p) {
  const std::size_t row = p / 28;
  return std::pow(static_cast<double>(row) - 13.5, 2);
}

TEST(IntensityAugmenter, BlurKeepsInkAndGoesAsFarAsAsked) {
  double widest = 0;
  for (int i = 0; i < 60; ++i) {
    const std::vector<float> plane = toned({.blur = 1.5}, i);
    EXPECT_NEAR(ink_of(plane), ink_of(block()), 0.5);
    double spread = 0;
    for (std::size_t p = 0; p < plane.size(); ++p) spread += plane[p] * row_offset_squared(p);
    widest = std::max(widest, spread / ink_of(plane));
  }
  // The variance of the block of 8 rows plus that of the blur.
  EXPECT_NEAR(widest, 63.0 / 12 + 1.5 * 1.5, 0.3);
}

TEST(IntensityAugmenter, LightIsNoBrighterThanAskedAndSmooth) {
  double brightest = 0, steepest = 0;
  for (int i = 0; i < kToneImages; ++i) {
    const std::vector<float> plane =
        toned({.background = 0.6}, i, std::vector<float>(28 * 28, 0.0F));
    for (std::size_t p = 1; p < plane.size(); ++p) {
      brightest = std::max(brightest, double{plane[p]});
      if (p % 28 != 0) steepest = std::max(steepest, std::fabs(double{plane[p] - plane[p - 1]}));
    }
  }
  EXPECT_LE(brightest, 0.6001);
  EXPECT_GT(brightest, 0.55);
  EXPECT_LT(steepest, 0.2);
  EXPECT_GT(steepest, 0.02);
}

TEST(IntensityAugmenter, ContrastIsLostByNoMoreThanAsked) {
  float least = 1;
  for (int i = 0; i < kToneImages; ++i) {
    const std::vector<float> plane = toned({.contrast = 0.6}, i);
    EXPECT_EQ(plane[0], 0);
    least = std::min(least, plane[14 * 28 + 14]);
  }
  EXPECT_GE(least, 0.3999);
  EXPECT_LT(least, 0.45);
}

TEST(IntensityAugmenter, NoiseHasTheDeviationAskedFor) {
  // The largest among many, on grey so that nothing is clamped.
  double largest = 0;
  for (int i = 0; i < kToneImages; ++i) {
    const std::vector<float> plane = toned({.noise = 0.1}, i, std::vector<float>(28 * 28, 0.5F));
    double sum = 0;
    for (const float value : plane) sum += std::pow(value - 0.5, 2);
    largest = std::max(largest, std::sqrt(sum / 784));
  }
  EXPECT_GT(largest, 0.09);
  EXPECT_LT(largest, 0.105);
}

TEST(IntensityAugmenter, OneEffectLeavesTheOthersAsTheyAre) {
  for (int i = 0; i < 30; ++i) {
    std::vector<float> in_steps = toned({.blur = 1}, i);
    in_steps = toned({.invert = 0.5}, i, in_steps);
    EXPECT_EQ(toned({.blur = 1, .invert = 0.5}, i), in_steps);
  }
}

TEST(IntensityAugmenter, ErasedInkIsNoMoreThanAsked) {
  double sum = 0;
  const IntensityAugmenter none({}, kToneSize), some({.erase_ink = 0.8}, kToneSize);
  for (int i = 0; i < kToneImages; ++i) {
    EXPECT_EQ(none.erased_ink({.index = i}), 0);
    EXPECT_LE(some.erased_ink({.index = i}), 0.8F);
    sum += some.erased_ink({.index = i});
  }
  EXPECT_NEAR(sum / kToneImages, 0.4, 0.05);
}

}  // namespace
}  // namespace digitry
