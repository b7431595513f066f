#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>

#include "digitry/base/parallel.h"
#include "digitry/kernels/elementwise.h"
#include "tests/cases/elementwise_cases.h"
#include "tests/reference/reference.h"
#include "tests/support/near.h"
#include "tests/support/values.h"

namespace digitry::kernels {
namespace {

using test::random_values;
using test::same_bits;

constexpr DropoutStream kStream{.seed = 0x1234567890abcdef, .step = 17, .layer = 3};

class DropoutSizes : public ::testing::TestWithParam<std::int64_t> {};
INSTANTIATE_TEST_SUITE_P(Sizes, DropoutSizes, ::testing::ValuesIn(cases::kElementwiseSizes),
                         ::testing::PrintToStringParamName());

TEST_P(DropoutSizes, IsTheReferenceAtEveryNumberOfThreads) {
  const std::vector<float> input = random_values(GetParam(), 1);
  const std::vector<float> grad = random_values(GetParam(), 2);
  for (const float rate : cases::kDropoutRates) {
    std::vector<float> want = input;
    std::vector<float> want_grad = grad;
    std::vector<std::uint8_t> want_keep(input.size());
    reference::dropout_forward(want, want_keep, rate, kStream);
    reference::dropout_backward(want_keep, want_grad, rate);
    std::vector<float> first;
    for (const int threads : {1, 2, 3}) {
      const ScopedNumThreads scope(threads);
      std::vector<float> got = input;
      std::vector<float> got_grad = grad;
      std::vector<std::uint8_t> keep(input.size(), 9);
      dropout_forward(got, keep, rate, kStream);
      dropout_backward(keep, got_grad, rate);
      EXPECT_EQ(keep, want_keep) << "rate " << rate << ", " << threads << " threads";
      test::expect_near(got, want, 0, 2e-7);
      test::expect_near(got_grad, want_grad, 0, 2e-7);
      if (first.empty()) first = got;
      EXPECT_TRUE(same_bits(got, first)) << "rate " << rate << ", " << threads << " threads";
    }
  }
}

std::vector<std::uint8_t> keep_of(const DropoutStream& stream, float rate, std::size_t count) {
  std::vector<float> values(count, 1.0F);
  std::vector<std::uint8_t> keep(count);
  dropout_forward(values, keep, rate, stream);
  return keep;
}

TEST(Dropout, APartDrawsWhatTheWholeDrawsThere) {
  const std::vector<std::uint8_t> whole = keep_of(kStream, 0.4F, 3000);
  for (const std::size_t first : {0, 1, 255, 256, 511, 512, 700, 2999}) {
    DropoutStream part = kStream;
    part.first = static_cast<std::int64_t>(first);
    const std::vector<std::uint8_t> keep = keep_of(part, 0.4F, 3000 - first);
    EXPECT_TRUE(std::ranges::equal(keep, std::span(whole).subspan(first))) << first;
  }
}

TEST(Dropout, DropsAtItsRateAndKeepsTheMean) {
  constexpr std::size_t kCount = 1 << 20;
  for (const float rate : cases::kDropoutRates) {
    std::vector<float> values(kCount, 1.0F);
    std::vector<std::uint8_t> keep(kCount);
    dropout_forward(values, keep, rate, kStream);
    const double kept = std::accumulate(keep.begin(), keep.end(), 0.0) / kCount;
    const double mean = std::accumulate(values.begin(), values.end(), 0.0) / kCount;
    // Five standard errors, and the rounding of the rate to 2^-16.
    const double allowed = 5 * std::sqrt(rate * (1.0 - rate) / kCount) + 0x1p-17;
    EXPECT_NEAR(kept, 1.0 - rate, allowed) << rate;
    EXPECT_NEAR(mean, 1.0, allowed / (1.0 - rate) + 1e-6) << rate;
  }
}

TEST(Dropout, DecidesEachElementByItself) {
  constexpr std::size_t kCount = 1 << 18;
  const auto keep = keep_of(kStream, 0.5F, kCount);
  // At rate ½, two decisions agree half the time, at the distance of lanes, of words of a block, of
  // halves of a word and of groups.
  for (const std::size_t distance : {1U, 2U, 16U, 64U, 128U, 256U, 512U, 4096U}) {
    std::size_t agree = 0;
    for (std::size_t i = 0; i + distance < kCount; ++i) agree += keep[i] == keep[i + distance];
    const auto pairs = static_cast<double>(kCount - distance);
    EXPECT_NEAR(static_cast<double>(agree) / pairs, 0.5, 5 * 0.5 / std::sqrt(pairs)) << distance;
  }
}

TEST(Dropout, StreamsAreIndependent) {
  constexpr std::size_t kCount = 1 << 18;
  const auto keep = keep_of(kStream, 0.5F, kCount);
  EXPECT_EQ(keep, keep_of(kStream, 0.5F, kCount));
  for (const DropoutStream& other :
       {DropoutStream{kStream.seed + 1, kStream.step, kStream.layer},
        DropoutStream{kStream.seed, kStream.step + 1, kStream.layer},
        DropoutStream{kStream.seed, kStream.step, kStream.layer + 1}}) {
    const auto others = keep_of(other, 0.5F, kCount);
    std::size_t agree = 0;
    for (std::size_t i = 0; i < kCount; ++i) agree += keep[i] == others[i];
    EXPECT_NEAR(static_cast<double>(agree) / kCount, 0.5, 5 * 0.5 / std::sqrt(kCount));
  }
}

TEST(Dropout, RateZeroKeepsEverything) {
  std::vector<float> values = random_values(1000, 1);
  const std::vector<float> before = values;
  std::vector<std::uint8_t> keep(values.size());
  dropout_forward(values, keep, 0, kStream);
  EXPECT_TRUE(same_bits(values, before));
}

}  // namespace
}  // namespace digitry::kernels
