#include "digitry/kernels/batch_norm.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <vector>

#include "digitry/base/parallel.h"
#include "tests/support/values.h"
#include "tests/support/vector_levels.h"

// The kernels against the same in plain loops, in each layout.

namespace digitry::kernels {
namespace {

float widened(float value) { return value; }
float widened(BFloat16 value) { return to_float(value); }

// Calls body(c, i) for each value i of channel c, without the padding.
template <typename Body>
void for_each_value(const ChannelLayout& layout, const Body& body) {
  const std::int64_t blocks = (layout.channels + layout.block - 1) / layout.block;
  for (std::int64_t n = 0; n < layout.batch_size; ++n)
    for (std::int64_t c = 0; c < layout.channels; ++c)
      for (std::int64_t p = 0; p < layout.positions; ++p)
        body(static_cast<std::size_t>(c),
             static_cast<std::size_t>(((n * blocks + c / layout.block) * layout.positions + p) *
                                          layout.block +
                                      c % layout.block));
}

std::size_t size_of(const ChannelLayout& layout) {
  const std::int64_t blocks = (layout.channels + layout.block - 1) / layout.block;
  return static_cast<std::size_t>(layout.batch_size * blocks * layout.block * layout.positions);
}

// Row-major, channels last, and in blocks, full and not; one value, and more than one vector.
const std::vector<ChannelLayout> kLayouts{
    {1, 1, 1, 1},   {3, 5, 49, 1},   {2, 17, 16, 1}, {1, 3, 33, 3}, {2, 40, 30, 40},
    {3, 16, 9, 16}, {2, 19, 12, 16}, {2, 13, 35, 8}, {2, 6, 7, 4},  {64, 32, 49, 16},
};

class BatchNormKernels : public ::testing::TestWithParam<VectorLevel> {
 public:
  const ScopedVectorLevel level{GetParam()};
  const ScopedNumThreads threads{2};

  template <typename T>
  static std::vector<T> values(const ChannelLayout& layout, std::uint32_t stream) {
    std::vector<T> values;
    for (const float value :
         test::random_values(static_cast<std::int64_t>(size_of(layout)), stream))
      if constexpr (std::is_same_v<T, float>)
        values.push_back(value + 3);
      else
        values.push_back(to_bfloat16(value + 3));
    return values;
  }

  template <typename T>
  static void check_moments(const ChannelLayout& layout) {
    const std::vector<T> x = values<T>(layout, 1);
    const auto channels = static_cast<std::size_t>(layout.channels);
    std::vector<double> sums(channels, 99), squares(channels, 99), want(channels), square(channels);
    sum_moments(layout, x, sums, squares);
    for_each_value(layout, [&](std::size_t c, std::size_t i) {
      want[c] += widened(x[i]);
      square[c] += double{widened(x[i])} * widened(x[i]);
    });
    for (std::size_t c = 0; c < channels; ++c) {
      EXPECT_NEAR(sums[c], want[c], 1e-9 * std::abs(want[c]));
      EXPECT_NEAR(squares[c], square[c], 1e-9 * square[c]);
    }
  }

  template <typename T>
  static void check_lines(const ChannelLayout& layout) {
    const std::vector<T> x = values<T>(layout, 1);
    const std::vector<T> before = values<T>(layout, 2);
    const std::vector<float> mean = test::random_values(layout.channels, 3);
    const std::vector<float> offset = test::random_values(layout.channels, 4);
    const std::vector<float> slope = test::random_values(layout.channels, 5);
    std::vector<T> got = before;
    subtract_lines(layout, {mean, offset, slope}, x, got);
    std::vector<T> padding = got;
    for_each_value(layout, [&](std::size_t c, std::size_t i) {
      const float want = widened(before[i]) - (offset[c] + slope[c] * (widened(x[i]) - mean[c]));
      EXPECT_NEAR(widened(got[i]), want,
                  1e-5 + (std::is_same_v<T, float> ? 1e-5 : 0x1p-8) * std::abs(want));
      padding[i] = before[i];
    });
    for (std::size_t i = 0; i < padding.size(); ++i)
      EXPECT_EQ(widened(padding[i]), widened(before[i])) << "the padding stays as it is";
  }
};

INSTANTIATE_TEST_SUITE_P(Levels, BatchNormKernels, test::each_vector_level(),
                         [](const auto& test) { return test::name_of(test.param); });

TEST_P(BatchNormKernels, SumMoments) {
  for (const ChannelLayout& layout : kLayouts) {
    check_moments<float>(layout);
    check_moments<BFloat16>(layout);
  }
}

TEST_P(BatchNormKernels, SubtractLines) {
  for (const ChannelLayout& layout : kLayouts) {
    check_lines<float>(layout);
    check_lines<BFloat16>(layout);
  }
}

}  // namespace
}  // namespace digitry::kernels
