#include "digitry/kernels/elementwise.h"

#include <gtest/gtest.h>

#include <limits>

#include "digitry/base/parallel.h"
#include "tests/cases/elementwise_cases.h"
#include "tests/reference/reference.h"
#include "tests/support/near.h"
#include "tests/support/values.h"

namespace digitry::kernels {
namespace {

using test::random_values;
using test::same_bits;

class Elementwise : public ::testing::TestWithParam<std::int64_t> {};
INSTANTIATE_TEST_SUITE_P(Sizes, Elementwise, ::testing::ValuesIn(cases::kElementwiseSizes),
                         ::testing::PrintToStringParamName());

TEST_P(Elementwise, ReluForwardIsTheReferenceBitForBit) {
  std::vector<float> want = random_values(GetParam(), 1);
  const std::vector<float> input = want;
  reference::relu_forward(want);
  for (const int threads : {1, 2}) {
    const ScopedNumThreads scope(threads);
    std::vector<float> got = input;
    relu_forward(got);
    EXPECT_TRUE(same_bits(got, want)) << threads << " threads";
  }
}

TEST_P(Elementwise, ReluBackwardIsTheReferenceBitForBit) {
  std::vector<float> output = random_values(GetParam(), 1);
  reference::relu_forward(output);
  std::vector<float> want = random_values(GetParam(), 2);
  const std::vector<float> input = want;
  reference::relu_backward(output, want);
  for (const int threads : {1, 2}) {
    const ScopedNumThreads scope(threads);
    std::vector<float> got = input;
    relu_backward(output, got);
    EXPECT_TRUE(same_bits(got, want)) << threads << " threads";
  }
}

TEST(Relu, PassesNoGradientAtZero) {
  const std::vector<float> output{-0.0F, 0.0F, std::numeric_limits<float>::denorm_min()};
  std::vector<float> grad{1, 1, 1};
  relu_backward(output, grad);
  EXPECT_EQ(grad, (std::vector<float>{0, 0, 1}));
}

TEST_P(Elementwise, ScalesPixels) {
  const auto pixels = test::random_pixels(GetParam(), 1);
  std::vector<float> got(pixels.size());
  scale_pixels(pixels, got, 1.0F / 255, -0.5F);
  std::vector<float> want(pixels.size());
  reference::scale_pixels(pixels, want, 1.0F / 255, -0.5F);
  test::expect_near(got, want, 1e-7, 1e-6);
}

TEST(ScalePixels, MapsTheEndsToZeroAndOne) {
  const std::vector<std::uint8_t> pixels{0, 255};
  std::vector<float> got(2);
  scale_pixels(pixels, got, 1.0F / 255, 0);
  EXPECT_EQ(got, (std::vector<float>{0, 1}));
}

// Row-major, channels-last, and blocks of which the last is full or not.
TEST(ScaleChannels, IsTheReferenceBitForBit) {
  for (const ChannelLayout& layout :
       {ChannelLayout{.batch_size = 2, .channels = 3, .positions = 5, .block = 1},
        ChannelLayout{.batch_size = 2, .channels = 3, .positions = 5, .block = 3},
        ChannelLayout{.batch_size = 3, .channels = 32, .positions = 49, .block = 16},
        ChannelLayout{.batch_size = 3, .channels = 20, .positions = 784, .block = 16}}) {
    const std::int64_t blocks = (layout.channels + layout.block - 1) / layout.block;
    std::vector<float> want =
        random_values(layout.batch_size * blocks * layout.block * layout.positions, 1);
    const std::vector<float> input = want;
    const std::vector<float> factors = random_values(layout.batch_size * layout.channels, 2);
    reference::scale_channels(layout, want, factors);
    for (const int threads : {1, 2}) {
      const ScopedNumThreads scope(threads);
      std::vector<float> got = input;
      scale_channels(layout, got, factors);
      EXPECT_TRUE(same_bits(got, want)) << layout.channels << " by " << layout.block;
    }
  }
}

}  // namespace
}  // namespace digitry::kernels
