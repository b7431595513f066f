#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "digitry/evaluation/comparison.h"

namespace digitry::test {
namespace {

TEST(Summarise, IsMeanSampleDeviationAndStudentsInterval) {
  const std::vector<double> values{97.78, 97.53, 97.67, 97.73, 97.82};
  const SampleSummary got = summarise(values);
  EXPECT_NEAR(got.mean, 97.706, 1e-12);
  EXPECT_NEAR(got.standard_deviation, std::sqrt(0.05132 / 4), 1e-12);
  // t(0.975, 4) = 2.776445105.
  const double half = 2.776445105 * got.standard_deviation / std::sqrt(5.0);
  EXPECT_NEAR(got.mean_95.low, got.mean - half, 1e-9);
  EXPECT_NEAR(got.mean_95.high, got.mean + half, 1e-9);
}

TEST(Summarise, OfAnyNumberOfValuesIsNearTheTables) {
  // Tables of Student's t: degrees of freedom, 97.5 % point.
  for (const auto& [degrees, t] : {std::pair{1, 12.706},
                                   {2, 4.303},
                                   {3, 3.182},
                                   {5, 2.571},
                                   {6, 2.447},
                                   {9, 2.262},
                                   {19, 2.093},
                                   {99, 1.984}}) {
    std::vector<double> values(static_cast<std::size_t>(degrees) + 1);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = i % 2 == 0 ? 1 : -1;
    const SampleSummary got = summarise(values);
    const double standard_error =
        got.standard_deviation / std::sqrt(static_cast<double>(values.size()));
    EXPECT_NEAR((got.mean_95.high - got.mean) / standard_error, t, 0.002 * t) << degrees;
  }
}

TEST(Summarise, OneValueHasNoSpread) {
  const double value = 3;
  const SampleSummary got = summarise({&value, 1});
  EXPECT_EQ(got.mean, 3);
  EXPECT_EQ(got.standard_deviation, 0);
  EXPECT_TRUE(std::isinf(got.mean_95.low) && std::isinf(got.mean_95.high));
}

}  // namespace
}  // namespace digitry::test
