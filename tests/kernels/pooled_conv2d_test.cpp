#include "digitry/kernels/pooled_conv2d.h"

#include <gtest/gtest.h>

#include "digitry/base/parallel.h"
#include "digitry/base/random.h"
#include "tests/cases/pooled_conv_cases.h"
#include "tests/reference/conv2d.h"
#include "tests/reference/pool2d.h"
#include "tests/reference/reference.h"
#include "tests/support/values.h"
#include "tests/support/vector_levels.h"

// Pooled convolutions against the reference kernels of the three layers that they combine. All
// values are small whole numbers, whose sums are exact in any order and type: results must be
// equal. Maxima have ties, also at 0.

namespace digitry::test {
namespace {

namespace reference = kernels::reference;
using kernels::BFloat16;
using kernels::kBlock;
using kernels::PooledConv2dShape;
using Values = std::vector<float>;

// Values from -most to most; `zeros` in eight are zero.
Values whole_numbers(std::int64_t count, std::uint32_t most, std::uint32_t zeros,
                     std::uint32_t stream) {
  RandomStream random(4, RandomPurpose::kTest, stream);
  Values values(static_cast<std::size_t>(count));
  for (float& value : values) {
    const auto drawn = static_cast<float>(random.next_below(2 * most + 1));
    value = random.next_below(8) < zeros ? 0 : drawn - static_cast<float>(most);
  }
  return values;
}

// [outer, channels, inner] to [outer, channels/16, inner, 16].
template <typename T>
std::vector<T> typed_blocks(const Values& plain, std::int64_t channels, std::int64_t inner) {
  Values blocks = to_blocks(plain, channels, inner, kBlock);
  if constexpr (std::is_same_v<T, float>) return blocks;
  std::vector<T> narrow;
  if constexpr (!std::is_same_v<T, float>)
    for (const float value : blocks) narrow.push_back(kernels::to_bfloat16(value));
  return narrow;
}

template <typename T>
Values widened(const std::vector<T>& values) {
  if constexpr (std::is_same_v<T, float>) return values;
  Values wide;
  if constexpr (!std::is_same_v<T, float>)
    for (const T value : values) wide.push_back(kernels::to_float(value));
  return wide;
}

// The results of the reference kernels for one problem, row-major.
struct Reference {
  explicit Reference(const PooledConv2dShape& s)
      : conv_shape{.batch_size = s.batch_size,
                   .in_channels = s.in_channels,
                   .out_channels = s.out_channels,
                   .height = s.height,
                   .width = s.width,
                   .kernel_size = s.kernel_size,
                   .stride = 1,
                   .padding = s.padding},
        pool_shape{.planes = s.batch_size * s.out_channels,
                   .height = s.conv_height(),
                   .width = s.conv_width(),
                   .kernel_size = s.pool_size,
                   .stride = s.pool_size},
        x(whole_numbers(s.batch_size * s.in_channels * s.height * s.width, 2, 2, 1)),
        weight(
            whole_numbers(s.out_channels * s.in_channels * s.kernel_size * s.kernel_size, 1, 4, 2)),
        bias(whole_numbers(s.out_channels, 3, 0, 3)),
        grad_y(whole_numbers(s.out_size(), 2, 3, 4)),
        conv(static_cast<std::size_t>(pool_shape.planes * pool_shape.height * pool_shape.width)),
        y(grad_y.size()),
        grad_x(x.size()),
        grad_weight(weight.size()),
        grad_bias(bias.size()) {
    // As in images, some windows contain only zeros.
    for (std::int64_t i = 0; i < std::ssize(x); ++i)
      if (i % s.width < s.width / 2 && i / s.width % s.height < (2 * s.height) / 3)
        x[static_cast<std::size_t>(i)] = 0;
    reference::conv2d_forward(conv_shape, x, weight, bias, conv);
    reference::relu_forward(conv);
    reference::max_pool2d_forward(pool_shape, conv, y);
    Values grad_conv(conv.size());
    reference::max_pool2d_backward(pool_shape, conv, grad_y, grad_conv);
    reference::relu_backward(conv, grad_conv);
    reference::conv2d_backward_data(conv_shape, weight, grad_conv, grad_x);
    reference::conv2d_backward_weights(conv_shape, x, grad_conv, grad_weight, grad_bias);
  }

  reference::Conv2dShape conv_shape;
  reference::Pool2dShape pool_shape;
  Values x, weight, bias, grad_y;
  Values conv, y, grad_x, grad_weight, grad_bias;
};

using Case = std::tuple<PooledConv2dShape, VectorLevel>;

std::string case_name(const ::testing::TestParamInfo<Case>& test) {
  return cases::name_of(std::get<0>(test.param)) + "_" + name_of(std::get<1>(test.param));
}

class PooledConv2dTest : public ::testing::TestWithParam<Case> {
 public:
  const ScopedVectorLevel level{std::get<1>(GetParam())};
  const PooledConv2dShape shape = std::get<0>(GetParam());
  const Reference want{shape};
  const std::int64_t window = shape.kernel_size * shape.kernel_size;
  const std::int64_t plane = shape.height * shape.width;
  const std::int64_t conv_plane = shape.conv_height() * shape.conv_width();
  const std::int64_t out_plane = shape.out_height() * shape.out_width();
  Values grad_weight = Values(want.weight.size(), -1);
  Values grad_bias = Values(want.bias.size(), -1);
};

class PooledConv2dOfBlocks : public PooledConv2dTest {
 public:
  template <typename T>
  void expect_reference() {
    ASSERT_TRUE(kernels::PooledConv2dBackward<T>::supports(shape));
    const auto conv = typed_blocks<T>(want.conv, shape.out_channels, conv_plane);
    std::vector<T> y(want.y.size());
    std::vector<std::uint8_t> positions(y.size());
    kernels::max_pool_blocked(shape, conv.data(), y.data(), positions.data());
    EXPECT_EQ(widened(y), typed_blocks<float>(want.y, shape.out_channels, out_plane));

    const auto x = typed_blocks<T>(want.x, shape.in_channels, plane);
    const auto weight = typed_blocks<float>(want.weight, shape.in_channels, window);
    const auto grad_y = typed_blocks<T>(want.grad_y, shape.out_channels, out_plane);
    std::vector<T> grad_x(x.size());
    kernels::PooledConv2dBackward<T> backward(shape);
    // The second run starts with the scratch memory of the first.
    for (int time = 0; time < 2; ++time) {
      backward({.x = x.data(),
                .weight = weight.data(),
                .y = y.data(),
                .positions = positions.data(),
                .grad_y = grad_y.data(),
                .grad_weight = grad_weight.data(),
                .grad_bias = time == 0 ? nullptr : grad_bias.data(),
                .grad_x = grad_x.data()});
      EXPECT_EQ(widened(grad_x), typed_blocks<float>(want.grad_x, shape.in_channels, plane));
      EXPECT_EQ(grad_weight, typed_blocks<float>(want.grad_weight, shape.in_channels, window));
      EXPECT_EQ(grad_bias, time == 0 ? Values(want.bias.size(), -1) : want.grad_bias);
    }
  }
};

INSTANTIATE_TEST_SUITE_P(Extents, PooledConv2dOfBlocks,
                         ::testing::Combine(::testing::ValuesIn(cases::kPooledConv2dCases),
                                            each_vector_level()),
                         case_name);

TEST_P(PooledConv2dOfBlocks, IsTheReferenceInFloat32) { expect_reference<float>(); }
TEST_P(PooledConv2dOfBlocks, IsTheReferenceInBFloat16) { expect_reference<BFloat16>(); }
TEST_P(PooledConv2dOfBlocks, IsTheReferenceOnThreeThreads) {
  const ScopedNumThreads threads(3);
  expect_reference<float>();
}

class PooledConv2dOfOneChannel : public PooledConv2dTest {
 public:
  template <typename T>
  void expect_reference() {
    ASSERT_TRUE(kernels::SingleChannelPooledConv2d<T>::supports(shape));
    // [OC/16, K, K, 16]: output channels in blocks.
    const auto weight = typed_blocks<float>(want.weight, shape.out_channels, window);
    const auto grad_y = typed_blocks<T>(want.grad_y, shape.out_channels, out_plane);
    std::vector<T> y(want.y.size());
    std::vector<std::uint8_t> positions(y.size());
    kernels::SingleChannelPooledConv2d<T> kernel(shape);
    kernel.forward(want.x.data(), weight.data(), want.bias.data(), y.data(), positions.data());
    EXPECT_EQ(widened(y), typed_blocks<float>(want.y, shape.out_channels, out_plane));
    for (int time = 0; time < 2; ++time) {
      kernel.backward(want.x.data(), y.data(), positions.data(), grad_y.data(), grad_weight.data(),
                      time == 0 ? nullptr : grad_bias.data());
      EXPECT_EQ(grad_weight, typed_blocks<float>(want.grad_weight, shape.out_channels, window));
      EXPECT_EQ(grad_bias, time == 0 ? Values(want.bias.size(), -1) : want.grad_bias);
    }
  }
};

INSTANTIATE_TEST_SUITE_P(Extents, PooledConv2dOfOneChannel,
                         ::testing::Combine(::testing::ValuesIn(cases::kFirstPooledConv2dCases),
                                            each_vector_level()),
                         case_name);

TEST_P(PooledConv2dOfOneChannel, IsTheReferenceInFloat32) { expect_reference<float>(); }
TEST_P(PooledConv2dOfOneChannel, IsTheReferenceInBFloat16) { expect_reference<BFloat16>(); }
TEST_P(PooledConv2dOfOneChannel, IsTheReferenceOnThreeThreads) {
  const ScopedNumThreads threads(3);
  expect_reference<float>();
}

TEST(PooledConv2dOfOneChannel, WithoutBias) {
  const PooledConv2dShape shape{.in_channels = 1, .height = 4, .width = 4};
  kernels::SingleChannelPooledConv2d<float> kernel(shape);
  const Values x(16, 1);
  const Values weight(9 * kBlock, 2);
  Values y(kBlock);
  std::vector<std::uint8_t> positions(kBlock, 7);
  kernel.forward(x.data(), weight.data(), nullptr, y.data(), positions.data());
  EXPECT_EQ(y, Values(kBlock, 18));
  EXPECT_EQ(positions, std::vector<std::uint8_t>(kBlock, 0)) << "the first of a tie";
}

TEST(PooledConv2d, SaysWhatItDoesNotDo) {
  using Blocks = kernels::PooledConv2dBackward<float>;
  using First = kernels::SingleChannelPooledConv2d<float>;
  const PooledConv2dShape blocks{.height = 8, .width = 8};
  EXPECT_TRUE(Blocks::supports(blocks));
  EXPECT_FALSE(First::supports(blocks));
  const auto with = [&](std::int64_t PooledConv2dShape::*member, std::int64_t value) {
    PooledConv2dShape shape = blocks;
    shape.*member = value;
    return shape;
  };
  EXPECT_FALSE(Blocks::supports(with(&PooledConv2dShape::in_channels, 17)));
  EXPECT_FALSE(Blocks::supports(with(&PooledConv2dShape::out_channels, 10)));
  EXPECT_FALSE(Blocks::supports(with(&PooledConv2dShape::kernel_size, 4)));
  EXPECT_FALSE(Blocks::supports(with(&PooledConv2dShape::pool_size, 16)));
  EXPECT_FALSE(Blocks::supports(with(&PooledConv2dShape::height, std::int64_t{1} << 25)));
  PooledConv2dShape first = with(&PooledConv2dShape::in_channels, 1);
  EXPECT_TRUE(First::supports(first));
  EXPECT_FALSE(Blocks::supports(first));
  first.pool_size = 3;
  EXPECT_FALSE(First::supports(first));
}

}  // namespace
}  // namespace digitry::test
