#pragma once

#include <span>

#include "digitry/evaluation/evaluation.h"

namespace digitry {

/// What several trainings came to.
struct SampleSummary {
  double mean = 0;
  double standard_deviation = 0;  ///< Of the sample (n − 1); 0 for one value.
  /// Student's 95 % interval of the mean; the whole line, ±infinity, for one value.
  Interval mean_95;
};

/// Wants at least one value. Source: Student, "The probable error of a mean", Biometrika 6, 1908.
SampleSummary summarise(std::span<const double> values);

}  // namespace digitry
