#pragma once

#include <cstdint>
#include <span>

#include "digitry/evaluation/evaluate.h"

namespace digitry {

/// What several trainings came to.
struct SampleSummary {
  double mean = 0;
  double standard_deviation = 0;  ///< Of the sample (n − 1); 0 for one value.
  /// Student's 95 % interval of the mean; the whole line, ±infinity, for one value.
  Interval mean_95;
};

/// Expects at least one value. Source: Student, "The probable error of a mean", Biometrika 6, 1908.
SampleSummary summarise(std::span<const double> values);

/// Two classifiers' answers to the same images.
struct Comparison {
  std::int64_t only_first_right = 0;
  std::int64_t only_second_right = 0;
  double p_value = 1;  ///< Of McNemar's exact test: mcnemar_p_value of the two counts.
};

/// Expects evaluations of the same images in the same order.
/// Throws Error{kShapeMismatch} where their numbers differ.
Comparison compare_answers(const Evaluation& first, const Evaluation& second);

/// The probability that two classifiers that are equally often right differ by so much or more in
/// the images that only one of them has right: two-sided, exact binomial, counts ≥ 0.
/// Source: Q. McNemar, "Note on the sampling error of the difference between correlated
/// proportions or percentages", Psychometrika 12, 1947; Dietterich, Neural Computation 10, 1998.
double mcnemar_p_value(std::int64_t only_first, std::int64_t only_second);

}  // namespace digitry
