#include "digitry/evaluation/calibration.h"

#include <gtest/gtest.h>

#include <cmath>

#include "digitry/base/random.h"
#include "tests/support/values.h"

namespace digitry::test {
namespace {

Tensor logits_tensor(const std::vector<float>& values, std::int64_t num_classes) {
  Tensor logits({std::ssize(values) / num_classes, num_classes}, DType::kF32);
  std::ranges::copy(values, logits.as<float>().begin());
  return logits;
}

float log_of(double probability) { return static_cast<float>(std::log(probability)); }

TEST(Calibration, IsWhatTheFormulasSay) {
  // Two classes: 0.9 right, 0.9 wrong, 0.7 right, and 0.5 of both, which counts as the first.
  const Tensor logits = logits_tensor({log_of(0.9), log_of(0.1), log_of(0.9), log_of(0.1),
                                       log_of(0.3), log_of(0.7), log_of(0.5), log_of(0.5)},
                                      2);
  const std::vector<std::int32_t> labels{0, 1, 1, 0};
  const Calibration got = measure_calibration(logits, labels);
  // Bins: 0.9 twice, half of them right; 0.7 right; 0.5 right.
  EXPECT_NEAR(got.expected_calibration_error, (2 * 0.4 + 0.3 + 0.5) / 4, 1e-6);
  EXPECT_NEAR(got.negative_log_likelihood,
              -(std::log(0.9) + std::log(0.1) + std::log(0.7) + std::log(0.5)) / 4, 1e-6);
  EXPECT_NEAR(got.brier_score, 2 * (0.01 + 0.81 + 0.09 + 0.25) / 4, 1e-6);

  ASSERT_EQ(got.bins.size(), 15u);
  EXPECT_EQ(got.bins.front().low, 0);
  EXPECT_EQ(got.bins.back().high, 1);
  const ReliabilityBin& ninety = got.bins[13];
  EXPECT_EQ(ninety.num_images, 2);
  EXPECT_NEAR(ninety.confidence, 0.9, 1e-6);
  EXPECT_NEAR(ninety.accuracy, 0.5, 1e-6);
  EXPECT_EQ(got.bins[10].num_images, 1);
  EXPECT_EQ(got.bins[7].num_images, 1);
  EXPECT_EQ(got.bins[0].num_images, 0);
  EXPECT_EQ(got.bins[0].accuracy, 0);
}

TEST(Calibration, OfACertainAnswerIsInTheLastBin) {
  const Tensor logits = logits_tensor({1000, -1000}, 2);
  const std::vector<std::int32_t> right{0};
  const std::vector<std::int32_t> wrong{1};
  EXPECT_EQ(measure_calibration(logits, right).bins.back().num_images, 1);
  EXPECT_EQ(measure_calibration(logits, right).expected_calibration_error, 0);
  // The loss stays finite if the probability rounds to 0.
  EXPECT_NEAR(measure_calibration(logits, wrong).negative_log_likelihood, 2000, 1e-6);
  EXPECT_NEAR(measure_calibration(logits, wrong).brier_score, 2, 1e-12);
}

// Labels drawn from softmax(logits / T) itself: the fit must find T.
TEST(Calibration, FitFindsTheTemperatureThatLabelsWereDrawnWith) {
  constexpr std::int64_t kImages = 20000;
  constexpr std::size_t kClasses = 5;
  const std::vector<float> values = random_values(kImages * kClasses, 1);
  const Tensor logits = logits_tensor(values, kClasses);
  for (const double temperature : {0.4, 1.0, 2.5}) {
    RandomStream random(1, RandomPurpose::kTest);
    std::vector<std::int32_t> labels;
    for (std::size_t i = 0; i < static_cast<std::size_t>(kImages); ++i) {
      double weights[kClasses];
      double sum = 0;
      for (std::size_t c = 0; c < kClasses; ++c)
        sum += weights[c] = std::exp(values[i * kClasses + c] / temperature);
      double drawn = sum * random.next_below(1U << 24) / (1U << 24);
      std::int32_t label = 0;
      while (label + 1 < static_cast<std::int32_t>(kClasses) && drawn >= weights[label])
        drawn -= weights[label++];
      labels.push_back(label);
    }
    const double fitted = fit_temperature(logits, labels);
    EXPECT_NEAR(fitted, temperature, 0.06 * temperature);
    const double best = measure_calibration(logits, labels, fitted).negative_log_likelihood;
    for (const double other : {0.98 * fitted, 1.02 * fitted})
      EXPECT_LT(best, measure_calibration(logits, labels, other).negative_log_likelihood);
    EXPECT_LT(measure_calibration(logits, labels, fitted).expected_calibration_error, 0.02);
  }
}

TEST(Calibration, FitCountsImagesByTheirWeights) {
  const Tensor logits = logits_tensor({2, 0, 2, 0, 1, 0}, 2);
  const std::vector<std::int32_t> labels{0, 1, 0};
  const Tensor repeated = logits_tensor({2, 0, 2, 0, 2, 0, 2, 0}, 2);
  EXPECT_NEAR(fit_temperature(logits, labels, std::vector<float>{3, 1, 0}),
              fit_temperature(repeated, std::vector<std::int32_t>{0, 0, 0, 1}), 1e-6);
  EXPECT_GT(fit_temperature(logits, labels),
            2 * fit_temperature(logits, labels, std::vector<float>{3, 1, 0}));
}

// If all are correct, a lower temperature is always better, down to the end of the range.
TEST(Calibration, FitStaysInItsRange) {
  const std::vector<std::int32_t> labels{0, 1};
  EXPECT_NEAR(fit_temperature(logits_tensor({2, 1, 1, 2}, 2), labels), 0.05, 1e-6);
  EXPECT_NEAR(fit_temperature(logits_tensor({1, 2, 2, 1}, 2), labels), 20, 1e-4);
}

}  // namespace
}  // namespace digitry::test
