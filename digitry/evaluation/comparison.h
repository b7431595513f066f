#pragma once

#include <cstdint>
#include <span>

#include "digitry/evaluation/evaluate.h"

namespace digitry {

/// Mean and spread of one figure over several trainings.
struct SampleSummary {
  double mean = 0;
  double standard_deviation = 0;  ///< Of the sample (n − 1); 0 for one value.
  /// Student's 95 % confidence interval of the mean; ±infinity for one value.
  Interval mean_95;
};

/// Expects at least one value. Source: Student, "The probable error of a mean", Biometrika 6, 1908.
SampleSummary summarise(std::span<const double> values);

/// Comparison of two classifiers on the same images.
struct Comparison {
  std::int64_t only_first_right = 0;
  std::int64_t only_second_right = 0;
  double p_value = 1;  ///< From McNemar's exact test: mcnemar_p_value of the two counts.
};

/// Expects evaluations of the same images in the same order. Throws Error{kShapeMismatch} if the
/// numbers of images differ.
Comparison compare_answers(const Evaluation& first, const Evaluation& second);

/// P-value of the null hypothesis that both classifiers are equally accurate, given how many images
/// only the one or only the other classifies correctly: two-sided, exact binomial. Expects counts ≥
/// 0.
/// Source: Q. McNemar, "Note on the sampling error of the difference between correlated
/// proportions or percentages", Psychometrika 12, 1947; Dietterich, Neural Computation 10, 1998.
double mcnemar_p_value(std::int64_t only_first, std::int64_t only_second);

}  // namespace digitry
