#include "digitry/evaluation/comparison.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "digitry/base/error.h"

namespace digitry {

Comparison compare_answers(const Evaluation& first, const Evaluation& second) {
  if (first.num_images != second.num_images)
    throw Error(ErrorCode::kShapeMismatch, "compare_answers: {} images and {}, want the same",
                first.num_images, second.num_images);
  std::set<std::int64_t> missed;
  for (const Judgement& mistake : first.mistakes) missed.insert(mistake.image_index);
  std::int64_t both = 0;
  for (const Judgement& mistake : second.mistakes)
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
  // 2 · Σ_{k ≤ fewer} C(n, k) / 2ⁿ, each term from the one before, in logarithms: 2⁻ⁿ rounds to 0.
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
