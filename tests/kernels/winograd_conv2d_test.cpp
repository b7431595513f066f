#include "digitry/kernels/winograd_conv2d.h"

#include <gtest/gtest.h>

#include "digitry/base/parallel.h"
#include "tests/reference/conv2d.h"
#include "tests/reference/pool2d.h"
#include "tests/reference/reference.h"
#include "tests/support/values.h"
#include "tests/support/vector_levels.h"

// Against the reference kernels of the layers that it combines, on small whole numbers: transformed
// weights are multiples of a quarter, so sums are exact and results must be equal.

namespace digitry::test {
namespace {

namespace reference = kernels::reference;
using kernels::kBlock;
using kernels::WinogradConv2d;
using kernels::WinogradConv2dShape;
using Values = std::vector<float>;

// [OC, IC, 3, 3] to [OC/16, 3, 3, IC, 16].
Values weight_blocks(const Values& plain, const WinogradConv2dShape& shape) {
  Values transposed(plain.size());
  for (std::int64_t i = 0; i < std::ssize(plain); ++i) {
    const std::int64_t tap = i % 9;
    const std::int64_t ic = i / 9 % shape.in_channels;
    const std::int64_t oc = i / 9 / shape.in_channels;
    transposed[static_cast<std::size_t>((oc * 9 + tap) * shape.in_channels + ic)] =
        plain[static_cast<std::size_t>(i)];
  }
  return to_blocks(transposed, shape.out_channels, 9 * shape.in_channels, kBlock);
}

// One tile; odd extents, whose last tiles are cut; borders; several groups and chunks of tiles in
// one image and over several; channels in two and three blocks.
constexpr WinogradConv2dShape kWinogradShapes[] = {
    {},
    {.height = 4, .width = 7},
    {.height = 1, .width = 2, .padding = 1},
    {.batch_size = 3, .in_channels = 32, .height = 5, .width = 6, .padding = 2},
    {.batch_size = 2, .out_channels = 48, .height = 13, .width = 13},
    {.batch_size = 9,
     .in_channels = 48,
     .out_channels = 32,
     .height = 9,
     .width = 12,
     .padding = 1},
};

using WinogradCase = std::tuple<WinogradConv2dShape, VectorLevel>;

class WinogradConv2dTest : public ::testing::TestWithParam<WinogradCase> {
 public:
  const ScopedVectorLevel level{std::get<1>(GetParam())};
  WinogradConv2dShape shape = std::get<0>(GetParam());

  void expect_reference(bool with_bias) {
    ASSERT_TRUE(WinogradConv2d::supports(shape));
    const auto& s = shape;
    const Values x = whole_values(s.batch_size * s.in_channels * s.height * s.width, 1);
    const Values weight = whole_values(s.out_channels * s.in_channels * 9, 2);
    const Values bias = whole_values(s.out_channels, 3);
    const std::int64_t planes = s.batch_size * s.out_channels;
    Values conv(static_cast<std::size_t>(planes * s.conv_height() * s.conv_width()));
    reference::conv2d_forward({.batch_size = s.batch_size,
                               .in_channels = s.in_channels,
                               .out_channels = s.out_channels,
                               .height = s.height,
                               .width = s.width,
                               .kernel_size = 3,
                               .padding = s.padding},
                              x, weight, with_bias ? bias : Values(), conv);
    if (s.relu) reference::relu_forward(conv);
    Values want = conv;
    if (s.pool) {
      want.resize(static_cast<std::size_t>(planes * s.out_height() * s.out_width()));
      reference::max_pool2d_forward({.planes = planes,
                                     .height = s.conv_height(),
                                     .width = s.conv_width(),
                                     .kernel_size = 2,
                                     .stride = 2},
                                    conv, want);
    }
    WinogradConv2d kernel(s);
    Values transformed(static_cast<std::size_t>(kernel.transformed_size()));
    kernel.transform_weights(weight_blocks(weight, s).data(), transformed.data());
    const Values blocks = to_blocks(x, s.in_channels, s.height * s.width, s.in_block);
    const Values want_blocks =
        to_blocks(want, s.out_channels, s.out_height() * s.out_width(), s.out_block);
    // The second run starts with the scratch memory of the first.
    for (int time = 0; time < 2; ++time) {
      Values got(want.size(), -1);
      std::vector<std::uint8_t> positions(want.size(), 9);
      kernel(blocks.data(), transformed.data(), with_bias ? bias.data() : nullptr, got.data(),
             time == 0 ? nullptr : positions.data());
      EXPECT_EQ(got, want_blocks);
      if (s.pool && time == 1) expect_positions(positions, conv, want);
    }
  }

  // Each position is the first in its window that has the maximum; after a ReLU, which
  // does not change where a positive maximum is, any position will do for 0.
  void expect_positions(const std::vector<std::uint8_t>& positions, const Values& conv,
                        const Values& want) const {
    const std::int64_t out_plane = shape.out_height() * shape.out_width();
    Values first(want.size());
    for (std::int64_t i = 0; i < std::ssize(want); ++i) {
      const std::int64_t row = i % out_plane / shape.out_width();
      const std::int64_t column = i % shape.out_width();
      int place = 0;
      while (conv[static_cast<std::size_t>(
                 (i / out_plane * shape.conv_height() + 2 * row + place / 2) * shape.conv_width() +
                 2 * column + place % 2)] != want[static_cast<std::size_t>(i)])
        ++place;
      first[static_cast<std::size_t>(i)] = static_cast<float>(place);
    }
    first = to_blocks(first, shape.out_channels, out_plane, shape.out_block);
    const Values maxima = to_blocks(want, shape.out_channels, out_plane, shape.out_block);
    for (std::size_t i = 0; i < first.size(); ++i) {
      if (shape.relu && maxima[i] == 0)
        ASSERT_LT(positions[i], 4);
      else
        ASSERT_EQ(positions[i], first[i]) << i;
    }
  }
};

INSTANTIATE_TEST_SUITE_P(Shapes, WinogradConv2dTest,
                         ::testing::Combine(::testing::ValuesIn(kWinogradShapes),
                                            each_vector_level()),
                         [](const auto& test) {
                           return std::to_string(test.index) + "_" +
                                  name_of(std::get<1>(test.param));
                         });

TEST_P(WinogradConv2dTest, IsTheReference) { expect_reference(/*with_bias=*/true); }

TEST_P(WinogradConv2dTest, IsTheReferenceInSmallerBlocksWithReluWithoutBias) {
  shape.relu = true;
  shape.in_block = WinogradConv2d::natural_block();
  expect_reference(/*with_bias=*/false);
  shape.out_block = WinogradConv2d::natural_block();
  expect_reference(/*with_bias=*/false);
}

TEST_P(WinogradConv2dTest, IsTheReferencePooledOnThreeThreads) {
  const ScopedNumThreads threads(3);
  shape.pool = true;
  if (shape.out_height() < 1 || shape.out_width() < 1) {
    EXPECT_FALSE(WinogradConv2d::supports(shape));
    return;
  }
  expect_reference(/*with_bias=*/true);
  shape.relu = true;
  expect_reference(/*with_bias=*/true);
}

TEST_P(WinogradConv2dTest, AnImageDoesNotDependOnTheOthers) {
  const auto run = [&](const WinogradConv2dShape& s, const Values& x) {
    const Values weight = random_values(s.out_channels * s.in_channels * 9, 2);
    WinogradConv2d kernel(s);
    Values transformed(static_cast<std::size_t>(kernel.transformed_size()));
    kernel.transform_weights(weight.data(), transformed.data());
    Values y(
        static_cast<std::size_t>(s.batch_size * s.out_channels * s.out_height() * s.out_width()));
    kernel(x.data(), transformed.data(), nullptr, y.data(), nullptr);
    return y;
  };
  const std::int64_t size = shape.in_channels * shape.height * shape.width;
  const Values x = random_values(shape.batch_size * size, 1);
  const Values all = run(shape, x);
  WinogradConv2dShape one = shape;
  one.batch_size = 1;
  Values one_by_one;
  for (std::int64_t n = 0; n < shape.batch_size; ++n) {
    const Values y = run(one, {x.begin() + n * size, x.begin() + (n + 1) * size});
    one_by_one.insert(one_by_one.end(), y.begin(), y.end());
  }
  EXPECT_EQ(all, one_by_one);
}

TEST(WinogradConv2d, SaysWhatItDoesNotDo) {
  EXPECT_TRUE(WinogradConv2d::supports({}));
  EXPECT_FALSE(WinogradConv2d::supports({.in_channels = 24}));
  EXPECT_FALSE(WinogradConv2d::supports({.out_channels = 8}));
  EXPECT_FALSE(WinogradConv2d::supports({.in_block = 4}));
  EXPECT_FALSE(WinogradConv2d::supports({.pool = true}));
}

}  // namespace
}  // namespace digitry::test
