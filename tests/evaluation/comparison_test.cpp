#include "digitry/evaluation/comparison.h"

#include <gtest/gtest.h>

#include "tests/support/errors.h"

namespace digitry::test {
namespace {

Evaluation with_mistakes(std::int64_t num_images, const std::vector<std::int64_t>& indices) {
  Evaluation evaluation;
  evaluation.num_images = num_images;
  for (const std::int64_t index : indices)
    evaluation.mistakes.push_back({.image_index = index,
                                   .label = 0,
                                   .predicted = 1,
                                   .probability = 0,
                                   .label_probability = 0});
  return evaluation;
}

TEST(CompareAnswers, CountsTheImagesThatOneAloneHasRight) {
  const Comparison got =
      compare_answers(with_mistakes(100, {7, 3, 50, 51}), with_mistakes(100, {3, 99, 7, 1, 2, 4}));
  EXPECT_EQ(got.only_first_right, 4);
  EXPECT_EQ(got.only_second_right, 2);
  EXPECT_EQ(got.p_value, mcnemar_p_value(4, 2));
  const Comparison same = compare_answers(with_mistakes(9, {3}), with_mistakes(9, {3}));
  EXPECT_EQ(same.only_first_right + same.only_second_right, 0);
  EXPECT_EQ(same.p_value, 1);
}

TEST(CompareAnswers, WantsTheSameImages) {
  expect_error(ErrorCode::kShapeMismatch, {"100 and 99 images"},
               [] { compare_answers(with_mistakes(100, {}), with_mistakes(99, {})); });
}

TEST(McNemar, IsTheExactBinomialTest) {
  EXPECT_EQ(mcnemar_p_value(0, 0), 1);
  EXPECT_EQ(mcnemar_p_value(1, 0), 1);
  EXPECT_EQ(mcnemar_p_value(10, 10), 1);
  // 2 · (1 + 20 + 190 + 1140 + 4845 + 15504) / 2²⁰.
  EXPECT_NEAR(mcnemar_p_value(5, 15), 2 * 21700 / 1048576.0, 1e-15);
  EXPECT_EQ(mcnemar_p_value(15, 5), mcnemar_p_value(5, 15));
  EXPECT_NEAR(mcnemar_p_value(0, 10), 2 / 1024.0, 1e-17);
  // By Python's fractions; 2⁻²²⁰⁰ is no double.
  EXPECT_NEAR(mcnemar_p_value(1000, 1200), 2.1817026407914712e-05, 1e-15);
}

}  // namespace
}  // namespace digitry::test
