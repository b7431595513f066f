#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "digitry/corruption/corruptors.h"

namespace digitry {
namespace {

std::vector<float> corner_of(const PlasmaFractal& landscape, std::int64_t side) {
  std::vector<float> heights;
  for (std::int64_t y = 0; y < side; ++y)
    for (std::int64_t x = 0; x < side; ++x) heights.push_back(landscape.height(y, x));
  return heights;
}

RandomStream numbered(std::uint32_t number) {
  return RandomStream(1, RandomPurpose::kTest, number);
}

TEST(PlasmaFractal, GoesFromZeroToOne) {
  double lowest = 1, highest = 0;
  for (std::uint32_t i = 0; i < 50; ++i) {
    PlasmaFractal landscape(29, 1.4);
    RandomStream random = numbered(i);
    landscape.draw(random);
    for (const float height : corner_of(landscape, 29)) {
      ASSERT_GE(height, 0);
      ASSERT_LE(height, 1);
      lowest = std::min(lowest, double{height});
      highest = std::max(highest, double{height});
    }
  }
  EXPECT_LT(lowest, 0.2);
  EXPECT_GT(highest, 0.8);
}

TEST(PlasmaFractal, IsAFunctionOfTheRandomNumbersAlone) {
  PlasmaFractal fresh(29, 1.4), used(29, 1.4);
  RandomStream first = numbered(1), again = numbered(1), other = numbered(2);
  fresh.draw(first);
  used.draw(other);
  EXPECT_NE(corner_of(used, 29), corner_of(fresh, 29));
  used.draw(again);
  EXPECT_EQ(corner_of(used, 29), corner_of(fresh, 29));
  EXPECT_EQ(first.next_u32(), again.next_u32());
}

// The points that are computed only near the corner are as rough as the others: the difference of
// adjacent points does not depend on the size of the corner.
TEST(PlasmaFractal, TheCornersSizeDoesNotMatter) {
  const auto roughness = [](std::int64_t corner) {
    double sum = 0;
    for (std::uint32_t i = 0; i < 60; ++i) {
      PlasmaFractal landscape(corner, 1.4);
      RandomStream random = numbered(100 + i);
      landscape.draw(random);
      for (std::int64_t y = 0; y < 20; ++y)
        for (std::int64_t x = 0; x < 20; ++x)
          sum += std::fabs(landscape.height(y, x + 1) - landscape.height(y, x));
    }
    return sum / (60 * 400);
  };
  EXPECT_NEAR(roughness(24) / roughness(128), 1, 0.1);
  EXPECT_GT(roughness(24), 0.001);
  EXPECT_LT(roughness(24), 0.03);
}

TEST(PlasmaFractal, DecayMakesItSmoother) {
  const auto bend = [](double decay) {
    PlasmaFractal landscape(29, decay);
    RandomStream random = numbered(7);
    landscape.draw(random);
    double sum = 0;
    for (std::int64_t y = 0; y < 28; ++y)
      for (std::int64_t x = 1; x < 28; ++x)
        sum += std::fabs(landscape.height(y, x - 1) - 2 * landscape.height(y, x) +
                         landscape.height(y, x + 1));
    return sum;
  };
  EXPECT_LT(bend(2), bend(1.4));
  EXPECT_LT(bend(1.4), bend(1.1));
}

}  // namespace
}  // namespace digitry
