#include "digitry/evaluation/label_errors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace digitry::test {
namespace {

using testing::ElementsAre;

// Logits of these probabilities, one row per image.
Tensor logits_of(const std::vector<std::vector<double>>& rows) {
  Tensor logits({std::ssize(rows), std::ssize(rows[0])}, DType::kF32);
  std::size_t i = 0;
  for (const auto& row : rows)
    for (const double probability : row)
      logits.as<float>()[i++] = static_cast<float>(std::log(probability));
  return logits;
}

std::vector<std::int64_t> indices_of(const std::vector<LabelledPrediction>& judgements) {
  std::vector<std::int64_t> indices;
  for (const LabelledPrediction& judgement : judgements) indices.push_back(judgement.image_index);
  return indices;
}

TEST(SuspectedLabelErrors, AreWhatTheNetworkIsSurerOfThanOfThatClassItself) {
  // The images labelled 0 have probabilities 0.9, 0.75 and 0.1 for class 0, with mean 0.58; for
  // class 1 the mean is 0.68.
  const Tensor logits =
      logits_of({{0.9, 0.1}, {0.75, 0.25}, {0.1, 0.9}, {0.25, 0.75}, {0.05, 0.95}, {0.65, 0.35}});
  const std::vector<std::int32_t> labels{0, 0, 0, 1, 1, 1};
  const auto suspected = suspected_label_errors(logits, labels);
  EXPECT_EQ(suspected.num_confident, 2);
  EXPECT_THAT(indices_of(suspected.images), ElementsAre(2, 5, 1, 3))
      << "the surest first, then the right ones of which a fifth is doubt";
  const LabelledPrediction& first = suspected.images[0];
  EXPECT_EQ(first.label, 0);
  EXPECT_EQ(first.predicted, 1);
  EXPECT_NEAR(first.probability, 0.9, 1e-6);
  EXPECT_NEAR(first.label_probability, 0.1, 1e-6);
}

TEST(SuspectedLabelErrors, AMistakeTheNetworkIsUnsureOfIsNoConfidentOne) {
  // 0.55 for a class whose own images have 0.9: the image is hard, but its label is not suspect.
  const Tensor logits = logits_of({{0.9, 0.1}, {0.9, 0.1}, {0.45, 0.55}, {0.1, 0.9}, {0.1, 0.9}});
  const auto suspected = suspected_label_errors(logits, std::vector<std::int32_t>{0, 0, 0, 1, 1});
  EXPECT_EQ(suspected.num_confident, 0);
  EXPECT_THAT(indices_of(suspected.images), ElementsAre(2)) << "yet it is one to look at";
}

TEST(SuspectedLabelErrors, TheLessProbableTheLabelTheEarlier) {
  // 0.6 for another class with 0.3 for the label; 0.45 with 0.25, although the difference is
  // smaller.
  const Tensor logits =
      logits_of({{0.3, 0.6, 0.1}, {0.25, 0.45, 0.3}, {0.97, 0.02, 0.01}, {0.02, 0.97, 0.01}});
  const auto suspected = suspected_label_errors(logits, std::vector<std::int32_t>{0, 0, 0, 1});
  EXPECT_THAT(indices_of(suspected.images), ElementsAre(1, 0));
}

TEST(SuspectedLabelErrors, AClassThatNoLabelHasIsNeverSuggested) {
  const Tensor logits = logits_of({{0.1, 0.1, 0.8}, {0.6, 0.2, 0.2}, {0.2, 0.7, 0.1}});
  EXPECT_EQ(suspected_label_errors(logits, std::vector<std::int32_t>{0, 0, 1}).num_confident, 0);
}

TEST(SuspectedLabelErrors, OfManyDoubtfulOnesTheFirstForty) {
  std::vector<std::vector<double>> rows;
  std::vector<std::int32_t> labels;
  for (int i = 0; i < 100; ++i) {
    rows.push_back({0.7 - 0.004 * i, 0.3 + 0.004 * i});
    labels.push_back(0);
  }
  const auto suspected = suspected_label_errors(logits_of(rows), labels);
  ASSERT_EQ(suspected.images.size(), 40u);
  EXPECT_EQ(suspected.images.front().image_index, 99);
  EXPECT_EQ(suspected.images.back().image_index, 60);
}

}  // namespace
}  // namespace digitry::test
