#include "digitry/evaluation/comparison.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>
#include <set>

#include "digitry/base/error.h"

namespace digitry {
namespace {

// The 97.5 % point of Student's t distribution: the Cornish-Fisher expansion about the normal
// distribution (Abramowitz, Stegun, 26.7.5), accurate to 0.1 % for five or more degrees of freedom;
// exact values for fewer.
double student_t(std::int64_t degrees) {
  constexpr double kExact[] = {12.706204736, 4.302652730, 3.182446305, 2.776445105};
  if (degrees <= 4) return kExact[degrees - 1];
  constexpr double kZ = 1.959963984540054;
  const auto n = static_cast<double>(degrees);
  const double z3 = std::pow(kZ, 3);
  const double z5 = std::pow(kZ, 5);
  const double z7 = std::pow(kZ, 7);
  const double z9 = std::pow(kZ, 9);
  return kZ + (z3 + kZ) / (4 * n) + (5 * z5 + 16 * z3 + 3 * kZ) / (96 * n * n) +
         (3 * z7 + 19 * z5 + 17 * z3 - 15 * kZ) / (384 * n * n * n) +
         (79 * z9 + 776 * z7 + 1482 * z5 - 1920 * z3 - 945 * kZ) / (92160 * n * n * n * n);
}

}  // namespace

SampleSummary summarise(std::span<const double> values) {
  assert(!values.empty());
  const auto n = static_cast<double>(values.size());
  SampleSummary summary;
  for (const double value : values) summary.mean += value / n;
  if (values.size() == 1) {
    summary.mean_95 = {-std::numeric_limits<double>::infinity(),
                       std::numeric_limits<double>::infinity()};
    return summary;
  }
  double squares = 0;
  for (const double value : values) squares += (value - summary.mean) * (value - summary.mean);
  summary.standard_deviation = std::sqrt(squares / (n - 1));
  const double half = student_t(std::ssize(values) - 1) * summary.standard_deviation / std::sqrt(n);
  summary.mean_95 = {summary.mean - half, summary.mean + half};
  return summary;
}

Comparison compare_answers(const Evaluation& first, const Evaluation& second) {
  if (first.num_images != second.num_images)
    throw Error(ErrorCode::kShapeMismatch,
                "compare_answers: expected evaluations of the same images, got {} and {} images",
                first.num_images, second.num_images);
  std::set<std::int64_t> missed;
  for (const LabelledPrediction& mistake : first.mistakes) missed.insert(mistake.image_index);
  std::int64_t both = 0;
  for (const LabelledPrediction& mistake : second.mistakes)
    both += static_cast<std::int64_t>(missed.count(mistake.image_index));
  Comparison result;
  result.only_first_right = std::ssize(second.mistakes) - both;
  result.only_second_right = std::ssize(first.mistakes) - both;
  result.p_value = mcnemar_p_value(result.only_first_right, result.only_second_right);
  return result;
}

double mcnemar_p_value(std::int64_t only_first, std::int64_t only_second) {
  const auto n = static_cast<double>(only_first + only_second);
  const std::int64_t fewer = std::min(only_first, only_second);
  // 2 · Σ_{k ≤ fewer} C(n, k) / 2ⁿ, each term from the one before. In logarithms, because 2⁻ⁿ
  // rounds to 0.
  double log_term = -n * std::log(2.0);
  double sum = std::exp(log_term);
  for (std::int64_t k = 1; k <= fewer; ++k) {
    const auto place = static_cast<double>(k);
    log_term += std::log((n - place + 1) / place);
    sum += std::exp(log_term);
  }
  return std::min(1.0, 2 * sum);
}

}  // namespace digitry
