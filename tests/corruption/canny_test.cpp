#include <gmock/gmock.h>

#include <algorithm>
#include <vector>

#include "digitry/corruption/corruptors.h"

namespace digitry {
namespace {

using ::testing::Each;

constexpr std::int64_t kCannySide = 24;

std::size_t place(std::int64_t y, std::int64_t x) {
  return static_cast<std::size_t>(y * kCannySide + x);
}

// A step of height `contrast` between columns 11 and 12, in the rows from `top` on.
std::vector<float> step_edge(float contrast, std::int64_t top = 0) {
  std::vector<float> plane(kCannySide * kCannySide);
  for (std::int64_t y = top; y < kCannySide; ++y)
    for (std::int64_t x = 12; x < kCannySide; ++x) plane[place(y, x)] = contrast;
  return plane;
}

std::vector<float> edges(std::vector<float> plane, const CannyOptions& options = {}) {
  CannyDetector({kCannySide, kCannySide}, options).detect(plane.data());
  return plane;
}

TEST(CannyDetector, FindsAStepWhereItIsAndNothingAtTheBorder) {
  const std::vector<float> found = edges(step_edge(1));
  for (std::int64_t y = 0; y < kCannySide; ++y)
    for (std::int64_t x = 0; x < kCannySide; ++x) {
      EXPECT_TRUE(x == 11 || x == 12 || found[place(y, x)] == 0) << x;
    }
  for (std::int64_t y = 1; y < kCannySide - 1; ++y)
    EXPECT_EQ(std::max(found[place(y, 11)], found[place(y, 12)]), 1) << y;
  for (std::int64_t x = 0; x < kCannySide; ++x) {
    EXPECT_EQ(found[place(0, x)], 0);
    EXPECT_EQ(found[place(kCannySide - 1, x)], 0);
  }
}

// The Sobel gradient beside a smoothed step is 4 times the sum of the two largest Gaussian weights,
// 0.399 and 0.242: 2.56 times the height of the step.
TEST(CannyDetector, HasThresholds) {
  EXPECT_THAT(edges(step_edge(0.0F)), Each(0));
  EXPECT_THAT(edges(step_edge(0.2F / 3.5F)), Each(0));
  EXPECT_THAT(edges(step_edge(0.2F / 2.3F)), ::testing::Contains(1));
}

// A step that fades from top to bottom: its lower part alone is too weak for an edge.
TEST(CannyDetector, FollowsWeakEdgesFromStrongOnes) {
  std::vector<float> fading(kCannySide * kCannySide);
  for (std::int64_t y = 0; y < kCannySide; ++y)
    for (std::int64_t x = 12; x < kCannySide; ++x)
      fading[place(y, x)] = 0.095F - 0.002F * static_cast<float>(y);
  const std::vector<float> followed = edges(fading);
  for (const std::int64_t y : {4, 12, 20})
    EXPECT_EQ(std::max(followed[place(y, 11)], followed[place(y, 12)]), 1) << y;
  EXPECT_THAT(edges(step_edge(0.055F)), Each(0));
}

TEST(CannyDetector, TakesImagesWithoutAnInside) {
  for (const ImageSize size : {ImageSize{1, 1}, ImageSize{2, 9}, ImageSize{9, 1}}) {
    std::vector<float> plane(static_cast<std::size_t>(size.height * size.width));
    plane[0] = 1;
    CannyDetector(size, {}).detect(plane.data());
    EXPECT_THAT(plane, Each(0));
  }
}

TEST(CannyDetector, RemembersNothing) {
  CannyDetector detector({kCannySide, kCannySide}, {});
  std::vector<float> first = step_edge(1), other = step_edge(1, 10), again = step_edge(1);
  detector.detect(first.data());
  detector.detect(other.data());
  detector.detect(again.data());
  EXPECT_EQ(first, again);
  EXPECT_NE(first, other);
}

}  // namespace
}  // namespace digitry
