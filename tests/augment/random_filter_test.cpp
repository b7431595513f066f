#include <gmock/gmock.h>

#include <algorithm>
#include <vector>

#include "digitry/augment/intensity.h"

namespace digitry {
namespace {

RandomStream filter_stream(std::uint32_t number) {
  return RandomStream(1, RandomPurpose::kTest, number);
}

TEST(RandomFilter, BlendsAConvolutionAndStretchesIt) {
  constexpr std::int64_t kHeight = 6, kWidth = 5, kLargest = 3;
  std::vector<float> plane;
  for (int i = 0; i < kHeight * kWidth; ++i) plane.push_back(static_cast<float>(i * i % 17) / 16);
  for (std::uint32_t number = 0; number < 20; ++number) {
    RandomStream drawn = filter_stream(number), plain = filter_stream(number);
    std::vector<float> filtered = plane;
    RandomFilter({kHeight, kWidth}, kLargest).apply(drawn, filtered.data());

    plain.next_below(1);
    const float kept = plain.next_float();
    std::vector<float> weights(9);
    for (float& weight : weights) weight = plain.next_normal() / 3;
    std::vector<float> want;
    for (std::int64_t y = 0; y < kHeight; ++y)
      for (std::int64_t x = 0; x < kWidth; ++x) {
        float sum = 0;
        for (std::int64_t k = 0; k < 9; ++k) {
          const std::int64_t v = y + k / 3 - 1, u = x + k % 3 - 1;
          if (v >= 0 && v < kHeight && u >= 0 && u < kWidth)
            sum += weights[static_cast<std::size_t>(k)] *
                   plane[static_cast<std::size_t>(v * kWidth + u)];
        }
        want.push_back(kept * plane[static_cast<std::size_t>(y * kWidth + x)] + (1 - kept) * sum);
      }
    const auto [low, high] = std::ranges::minmax(want);
    for (std::size_t i = 0; i < want.size(); ++i)
      EXPECT_NEAR(filtered[i], (want[i] - low) / (high - low), 1e-5) << number;
  }
}

TEST(RandomFilter, LeavesAnImageOfOneToneAsItIs) {
  std::vector<float> plane(28 * 28);
  RandomStream random = filter_stream(1);
  RandomFilter({28, 28}, 7).apply(random, plane.data());
  EXPECT_THAT(plane, ::testing::Each(0));
}

TEST(RandomFilter, GoesFromZeroToOneAndRemembersNothing) {
  RandomFilter filter({9, 40}, 15);
  for (std::uint32_t number = 0; number < 30; ++number) {
    std::vector<float> plane(9 * 40), again(9 * 40);
    for (std::size_t i = 0; i < plane.size(); i += 7) plane[i] = again[i] = 1;
    RandomStream one = filter_stream(number), same = filter_stream(number);
    filter.apply(one, plane.data());
    RandomFilter({9, 40}, 15).apply(same, again.data());
    EXPECT_EQ(plane, again);
    const auto [low, high] = std::ranges::minmax(plane);
    EXPECT_EQ(low, 0);
    EXPECT_EQ(high, 1);
  }
}

}  // namespace
}  // namespace digitry
