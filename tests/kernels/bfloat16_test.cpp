#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "digitry/base/parallel.h"
#include "digitry/kernels/elementwise.h"
#include "digitry/kernels/lanes.h"
#include "tests/cases/elementwise_cases.h"
#include "tests/reference/reference.h"
#include "tests/support/near.h"
#include "tests/support/values.h"

// The type, and the elementwise kernels on it: equal to the reference on the widened values,
// rounded once.

namespace digitry::kernels {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

float from_bits(std::uint32_t bits) { return std::bit_cast<float>(bits); }
float through(float value) { return to_float(to_bfloat16(value)); }

TEST(BFloat16, EveryValueComesBack) {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const float value = to_float({static_cast<std::uint16_t>(bits)});
    if (std::isnan(value)) continue;
    ASSERT_EQ(to_bfloat16(value).bits, bits);
  }
}

TEST(BFloat16, RoundsToTheNearestAndTiesToEven) {
  EXPECT_EQ(through(1.0F + 0x1p-8F), 1.0F);
  EXPECT_EQ(through(1.0F + 0x1p-7F + 0x1p-8F), 1.0F + 0x1p-6F);
  EXPECT_EQ(through(1.0F + 0x1p-8F + 0x1p-23F), 1.0F + 0x1p-7F);
  EXPECT_EQ(through(1.0F + 0x1p-8F - 0x1p-23F), 1.0F);
  EXPECT_EQ(through(-1.0F - 0x1p-7F - 0x1p-8F), -1.0F - 0x1p-6F);
  EXPECT_EQ(through(2.0F - 0x1p-8F), 2.0F) << "into the next power of two";
}

TEST(BFloat16, KeepsTheSignOfZeroInfinitiesAndDenormals) {
  EXPECT_EQ(to_bfloat16(0.0F).bits, 0u);
  EXPECT_EQ(to_bfloat16(-0.0F).bits, 0x8000u);
  EXPECT_EQ(through(kInfinity), kInfinity);
  EXPECT_EQ(through(-kInfinity), -kInfinity);
  EXPECT_EQ(through(std::numeric_limits<float>::max()), kInfinity)
      << "more than half a step above the largest";
  EXPECT_EQ(through(from_bits(0x7F7F7FFF)), from_bits(0x7F7F0000)) << "the largest finite value";
  EXPECT_EQ(through(from_bits(0x00010000)), from_bits(0x00010000)) << "the smallest positive value";
  EXPECT_EQ(through(from_bits(0x00008000)), 0.0F) << "a tie with zero, which is even";
  EXPECT_EQ(through(from_bits(0x00008001)), from_bits(0x00010000));
  EXPECT_EQ(through(from_bits(0x00018000)), from_bits(0x00020000));
  EXPECT_EQ(through(from_bits(0x007FFFFF)), std::numeric_limits<float>::min());
}

std::vector<BFloat16> narrow(const std::vector<float>& values) {
  std::vector<BFloat16> narrowed;
  for (const float value : values) narrowed.push_back(to_bfloat16(value));
  return narrowed;
}
std::vector<float> widen(const std::vector<BFloat16>& values) {
  std::vector<float> widened;
  for (const BFloat16 value : values) widened.push_back(to_float(value));
  return widened;
}
std::vector<std::uint16_t> bits(const std::vector<BFloat16>& values) {
  std::vector<std::uint16_t> all;
  for (const BFloat16 value : values) all.push_back(value.bits);
  return all;
}

// Includes zeros of both signs and denormals.
std::vector<BFloat16> some_values(std::int64_t count, std::uint32_t stream) {
  auto values = narrow(test::random_values(count, stream));
  for (std::size_t i = 0; i < values.size(); i += 7)
    values[i].bits = static_cast<std::uint16_t>((i % 2) << 15 | i % 3);
  return values;
}

class BFloat16Sizes : public ::testing::TestWithParam<std::int64_t> {};
INSTANTIATE_TEST_SUITE_P(Sizes, BFloat16Sizes, ::testing::ValuesIn(cases::kElementwiseSizes),
                         ::testing::PrintToStringParamName());

TEST_P(BFloat16Sizes, ReluIsTheReferenceBitForBit) {
  const auto input = some_values(GetParam(), 1);
  const auto gradient = some_values(GetParam(), 2);
  auto want = widen(input);
  reference::relu_forward(want);
  auto want_gradient = widen(gradient);
  reference::relu_backward(want, want_gradient);
  for (const int threads : {1, 2}) {
    const ScopedNumThreads scope(threads);
    auto got = input;
    relu_forward(got);
    auto got_gradient = gradient;
    relu_backward(std::span<const BFloat16>(got), std::span(got_gradient));
    EXPECT_EQ(widen(got), want) << threads << " threads";
    EXPECT_EQ(bits(got_gradient), bits(narrow(want_gradient))) << threads << " threads";
  }
}

TEST_P(BFloat16Sizes, DropoutIsTheReferenceRoundedAtEveryNumberOfThreads) {
  const DropoutStream stream{.seed = 0x1234567890abcdef, .step = 17, .layer = 3};
  const auto input = some_values(GetParam(), 1);
  const auto gradient = some_values(GetParam(), 2);
  for (const float rate : {0.0F, 0.25F, 0.5F, 0.99F}) {
    auto want = widen(input);
    auto want_gradient = widen(gradient);
    std::vector<std::uint8_t> want_keep(input.size());
    reference::dropout_forward(want, want_keep, rate, stream);
    reference::dropout_backward(want_keep, want_gradient, rate);
    for (const int threads : {1, 2, 3}) {
      const ScopedNumThreads scope(threads);
      auto got = input;
      auto got_gradient = gradient;
      std::vector<std::uint8_t> keep(input.size(), 9);
      dropout_forward(std::span(got), keep, rate, stream);
      dropout_backward(keep, std::span(got_gradient), rate);
      EXPECT_EQ(keep, want_keep) << "rate " << rate << ", " << threads << " threads";
      // The kernel multiplies and the reference divides, so that the last bit may differ. Denormals
      // are multiples of 2^-133.
      test::expect_near(widen(got), want, 0x1p-133, 0x1p-8);
      test::expect_near(widen(got_gradient), want_gradient, 0x1p-133, 0x1p-8);
    }
  }
}

}  // namespace
}  // namespace digitry::kernels
