#include <gtest/gtest.h>

#include <cmath>

#include "digitry/optim/optimizer.h"
#include "tests/support/near.h"
#include "tests/support/values.h"

namespace digitry {
namespace {

TEST(AverageDecay, StartsSmallAndEndsAtItsOwn) {
  EXPECT_EQ(average_decay(0.999, 0), 0.1);
  EXPECT_EQ(average_decay(0.999, 8), 0.5);
  EXPECT_EQ(average_decay(0.999, 1'000'000), 0.999);
  EXPECT_EQ(average_decay(0.05, 0), 0.05);
}

// The average of constant values w is w + (a₀ − w) Π d, and the product of the first decays is
// n! 9! / (n + 9)!.
TEST(WeightAverage, OfConstantValuesIsTheClosedForm) {
  const std::vector<float> values = test::random_values(40, 1);
  const std::vector<float> start = test::random_values(40, 2);
  std::vector<float> average = start;
  for (int n = 1; n <= 6; ++n) {
    update_weight_average(0.999, n - 1, values, average);
    const double left = std::tgamma(n + 1.0) * std::tgamma(10.0) / std::tgamma(n + 10.0);
    std::vector<float> want;
    for (std::size_t i = 0; i < values.size(); ++i)
      want.push_back(static_cast<float>(values[i] + (double{start[i]} - values[i]) * left));
    test::expect_near(average, want, 1e-6, 1e-6);
  }
}

TEST(WeightAverage, OfWhatNeverMovesIsItsBits) {
  const std::vector<float> values = test::random_values(40, 1);
  std::vector<float> average = values;
  for (std::int64_t n = 0; n < 100; ++n) update_weight_average(0.99, n, values, average);
  EXPECT_TRUE(test::same_bits(average, values));
}

}  // namespace
}  // namespace digitry
