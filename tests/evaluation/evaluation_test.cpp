#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "digitry/base/error.h"
#include "digitry/evaluation/evaluate.h"

namespace digitry {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Tensor logits_of(const std::vector<std::vector<float>>& rows) {
  Tensor logits({static_cast<std::int64_t>(rows.size()), static_cast<std::int64_t>(rows[0].size())},
                DType::kF32);
  auto next = logits.as<float>().begin();
  for (const auto& row : rows) next = std::copy(row.begin(), row.end(), next);
  return logits;
}

const std::vector<std::vector<float>> kLogits = {{2, 1, 0}, {0, 3, 1}, {1, 0, 2},    {0.5, 1.5, 1},
                                                 {0, 0, 4}, {3, 0, 1}, {-1, 2, 2.5}, {1, -2, 0}};
const std::vector<std::int32_t> kLabels = {0, 1, 2, 0, 2, 1, 1, 0};
const std::vector<std::string> kNames = {"a", "b", "c"};

// Golden values: scikit-learn 1.9.1 on the same arrays (softmax in float64) by accuracy_score,
// log_loss, confusion_matrix and precision_recall_fscore_support.
TEST(EvaluateLogits, AgreesWithScikitLearn) {
  const Evaluation e = evaluate_logits(logits_of(kLogits), kLabels, kNames);
  EXPECT_EQ(e.num_images, 8);
  EXPECT_EQ(e.num_correct, 5);
  EXPECT_DOUBLE_EQ(e.accuracy, 0.625);
  EXPECT_NEAR(e.loss, 0.90160766356146793, 1e-14);
  EXPECT_THAT(e.confusion,
              ElementsAre(ElementsAre(2, 1, 0), ElementsAre(1, 1, 1), ElementsAre(0, 0, 2)));
  const double precision[] = {0.6666666666666666, 0.5, 0.6666666666666666};
  const double recall[] = {0.6666666666666666, 0.3333333333333333, 1.0};
  const double f1[] = {0.6666666666666666, 0.4, 0.8};
  const std::int64_t support[] = {3, 3, 2};
  for (std::size_t c = 0; c < 3; ++c) {
    EXPECT_DOUBLE_EQ(e.per_class[c].precision, precision[c]);
    EXPECT_DOUBLE_EQ(e.per_class[c].recall, recall[c]);
    EXPECT_DOUBLE_EQ(e.per_class[c].f1, f1[c]);
    EXPECT_EQ(e.per_class[c].support, support[c]);
  }
}

TEST(EvaluateLogits, ListsMistakesMostConfidentFirst) {
  const Evaluation e = evaluate_logits(logits_of(kLogits), kLabels, kNames);
  ASSERT_EQ(e.mistakes.size(), 3u);
  EXPECT_EQ(e.mistakes[0].image_index, 5);
  EXPECT_EQ(e.mistakes[0].label, 1);
  EXPECT_EQ(e.mistakes[0].predicted, 0);
  EXPECT_FLOAT_EQ(e.mistakes[0].probability, 0.843794734f);
  EXPECT_FLOAT_EQ(e.mistakes[0].label_probability, 0.0420100661f);
  EXPECT_EQ(e.mistakes[1].image_index, 6);
  EXPECT_EQ(e.mistakes[2].image_index, 3);
}

TEST(EvaluateLogits, ListsTheLeastSureRightAnswersOfEachClass) {
  const Evaluation e = evaluate_logits(logits_of(kLogits), kLabels, kNames);
  ASSERT_EQ(e.least_sure.size(), 3u);
  ASSERT_EQ(e.least_sure[2].size(), 2u);
  EXPECT_EQ(e.least_sure[2][0].image_index, 2);  // e²/(e+1+e²), less than e⁴/(2+e⁴) of image 4.
  EXPECT_EQ(e.least_sure[2][1].image_index, 4);
  EXPECT_EQ(e.least_sure[1].size(), 1u);
}

TEST(EvaluateLogits, KeepsAtMost24LeastSure) {
  std::vector<std::vector<float>> rows;
  for (int i = 0; i < 100; ++i) rows.push_back({static_cast<float>(1 + (i * 37) % 100), 0});
  const Evaluation e =
      evaluate_logits(logits_of(rows), std::vector<std::int32_t>(100, 0), {"a", "b"});
  ASSERT_EQ(e.least_sure[0].size(), 24u);
  EXPECT_EQ(e.least_sure[0][0].image_index, 0);
  EXPECT_EQ(e.least_sure[0][1].image_index, 73);  // 73·37 = 1 modulo 100.
}

TEST(EvaluateLogits, OrdersConfusedPairsByCount) {
  const Evaluation e = evaluate_logits(logits_of({{0, 1}, {1, 0}, {1, 0}, {1, 0}, {0, 1}}),
                                       std::vector{0, 1, 1, 0, 1}, {"a", "b"});
  ASSERT_EQ(e.most_confused.size(), 2u);
  EXPECT_EQ(e.most_confused[0].label, 1);
  EXPECT_EQ(e.most_confused[0].predicted, 0);
  EXPECT_EQ(e.most_confused[0].count, 2);
  EXPECT_EQ(e.most_confused[1].count, 1);
}

TEST(EvaluateLogits, HugeLogitsNeitherOverflowNorLoseTheLoss) {
  const Evaluation e =
      evaluate_logits(logits_of({{1e30f, 0}, {3000, 2000}}), std::vector{0, 1}, {"a", "b"});
  EXPECT_DOUBLE_EQ(e.loss, 500);
  EXPECT_FLOAT_EQ(e.mistakes[0].probability, 1);
}

TEST(EvaluateLogits, ALossFarBelowFloatPrecisionIsNotRoundedAway) {
  // log(1 + e⁻⁶⁰) is e⁻⁶⁰; in double about the largest logit it rounds to 0, but log(1 + e⁻³⁰),
  // 9.4e-14, must not.
  const Evaluation e = evaluate_logits(logits_of({{30, 0}}), std::vector{0}, {"a", "b"});
  EXPECT_NEAR(e.loss, std::log1p(std::exp(-30.0)), 5e-15);
}

TEST(EvaluateLogits, OfEqualLogitsTheFirstIsPredicted) {
  const Evaluation e = evaluate_logits(logits_of({{0, 0, 0}}), std::vector{2}, kNames);
  EXPECT_EQ(e.mistakes.at(0).predicted, 0);
  EXPECT_FLOAT_EQ(e.mistakes[0].probability, 1.0f / 3);
}

TEST(EvaluateLogits, AClassThatNeverOccursHasZeroMetrics) {
  const Evaluation e = evaluate_logits(logits_of({{1, 0, 0}}), std::vector{0}, kNames);
  EXPECT_EQ(e.per_class[2].precision, 0);
  EXPECT_EQ(e.per_class[2].recall, 0);
  EXPECT_EQ(e.per_class[2].f1, 0);
  EXPECT_EQ(e.per_class[2].support, 0);
}

template <typename Call>
std::pair<ErrorCode, std::string> error_of(const Call& call) {
  try {
    call();
  } catch (const Error& error) {
    return {error.code(), error.what()};
  }
  ADD_FAILURE() << "no Error was thrown";
  return {};
}

TEST(EvaluateLogits, RefusesLogitsThatAreNotFinite) {
  for (const float bad :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
        -std::numeric_limits<float>::infinity()}) {
    const auto [code, message] = error_of([&] {
      evaluate_logits(logits_of({{1, 0, 0}, {0, bad, 0}}), std::vector{0, 0}, kNames);
    });
    EXPECT_EQ(code, ErrorCode::kBadData);
    EXPECT_THAT(message, HasSubstr("image 1, class 1"));
  }
}

TEST(EvaluateLogits, RefusesLabelsOutOfRange) {
  for (const std::int32_t bad : {-1, 3}) {
    const auto [code, message] = error_of([&] {
      evaluate_logits(logits_of({{1, 0, 0}, {0, 1, 0}}), std::vector{0, bad}, kNames);
    });
    EXPECT_EQ(code, ErrorCode::kBadData);
    EXPECT_THAT(message, HasSubstr("label of image 1"));
  }
}

TEST(EvaluateLogits, RefusesCountsThatDiffer) {
  const auto refused = [](const Tensor& logits, const std::vector<std::int32_t>& labels) {
    return error_of([&] { evaluate_logits(logits, labels, kNames); }).first;
  };
  EXPECT_EQ(refused(logits_of(kLogits), {0, 1}), ErrorCode::kShapeMismatch);
  EXPECT_EQ(refused(logits_of({{1, 0}}), {0}), ErrorCode::kShapeMismatch);
  EXPECT_EQ(refused(Tensor({0, 3}, DType::kF32), {}), ErrorCode::kShapeMismatch);
  EXPECT_EQ(refused(Tensor({1, 3, 1}, DType::kF32), {0}), ErrorCode::kShapeMismatch);
}

// Golden values: statsmodels 0.15.0, proportion_confint(k, n, method="wilson").
TEST(WilsonInterval95, AgreesWithStatsmodels) {
  const struct {
    std::int64_t successes, trials;
    double low, high;
  } cases[] = {{9842, 10000, 0.98156337755229039, 0.98646475842554626},
               {8, 10, 0.49016247153664183, 0.94331784854562473},
               {1, 2, 0.094531205734230683, 0.90546879426576932},
               {0, 10, 0, 0.27753279986288926},
               {10, 10, 0.72246720013711063, 1}};
  for (const auto& c : cases) {
    const Interval interval = wilson_interval_95(c.successes, c.trials);
    EXPECT_NEAR(interval.low, c.low, 1e-14);
    EXPECT_NEAR(interval.high, c.high, 1e-14);
  }
  EXPECT_EQ(wilson_interval_95(0, 10).low, 0);
  EXPECT_EQ(wilson_interval_95(10, 10).high, 1);
}

TEST(WilsonInterval95, NoTrialsSayNothing) {
  EXPECT_EQ(wilson_interval_95(0, 0).low, 0);
  EXPECT_EQ(wilson_interval_95(0, 0).high, 1);
  EXPECT_EQ(error_of([] { wilson_interval_95(3, 2); }).first, ErrorCode::kInvalidArgument);
}

TEST(SoftmaxRows, AgreesWithNumpyAndSumsToOne) {
  Tensor logits = logits_of({{0, 3, 1}, {1000, 1000, 0}});
  softmax_rows(logits);
  const auto p = logits.as<float>();
  EXPECT_FLOAT_EQ(p[0], 0.0420100661f);  // NumPy, float64.
  EXPECT_FLOAT_EQ(p[1], 0.843794734f);
  EXPECT_FLOAT_EQ(p[2], 0.114195199f);
  EXPECT_FLOAT_EQ(p[3], 0.5f);
  EXPECT_EQ(p[5], 0);
}

TEST(SoftmaxRows, DividesByTheTemperatureFirst) {
  Tensor logits = logits_of({{0, 6, 2}});
  softmax_rows(logits, 2);
  EXPECT_FLOAT_EQ(logits.as<float>()[1], 0.843794734f);
}

TEST(EvaluateLogits, AtATemperatureIsThatOfDividedLogits) {
  const std::vector<std::int32_t> labels{1, 0, 1};
  const std::vector<std::string> names{"a", "b"};
  const Evaluation e = evaluate_logits(logits_of({{0, 4}, {2, 8}, {6, 2}}), labels, names, 2);
  const Evaluation want = evaluate_logits(logits_of({{0, 2}, {1, 4}, {3, 1}}), labels, names);
  const Evaluation raw = evaluate_logits(logits_of({{0, 4}, {2, 8}, {6, 2}}), labels, names);
  EXPECT_EQ(e.temperature, 2);
  EXPECT_DOUBLE_EQ(e.loss, want.loss);
  EXPECT_DOUBLE_EQ(e.loss, e.calibration.negative_log_likelihood);
  EXPECT_EQ(e.num_correct, want.num_correct);
  EXPECT_EQ(e.mistakes[0].probability, want.mistakes[0].probability);
  EXPECT_EQ(e.mistakes[0].label_probability, want.mistakes[0].label_probability);
  EXPECT_DOUBLE_EQ(e.calibration.brier_score, want.calibration.brier_score);
  EXPECT_DOUBLE_EQ(e.uncalibrated.negative_log_likelihood, raw.loss);
  EXPECT_EQ(raw.temperature, 1);
}

TEST(SoftmaxRows, RefusesNan) {
  Tensor logits = logits_of({{0, std::nanf("")}});
  EXPECT_EQ(error_of([&] { softmax_rows(logits); }).first, ErrorCode::kBadData);
}

}  // namespace
}  // namespace digitry
