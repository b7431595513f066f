#include "digitry/kernels/softmax_cross_entropy.h"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace digitry::kernels {
namespace {

// The difference of `logit` and the mean of all logits.
float above_mean(const float* logits, std::size_t classes, float logit) {
  float sum = 0;
  for (std::size_t c = 0; c < classes; ++c) sum += logit - logits[c];
  return sum / static_cast<float>(classes);
}

}  // namespace

std::int64_t softmax_cross_entropy(std::span<const float> logits,
                                   std::span<const std::int32_t> labels, std::int64_t num_classes,
                                   float grad_scale, std::span<float> losses, std::span<float> grad,
                                   float label_smoothing) {
  const auto classes = static_cast<std::size_t>(num_classes);
  assert(logits.size() == labels.size() * classes && losses.size() == labels.size());
  assert(grad.empty() || grad.size() == logits.size());
  const float others = label_smoothing / static_cast<float>(num_classes);
  std::int64_t correct = 0;
  for (std::size_t row = 0; row < labels.size(); ++row) {
    const float* x = logits.data() + row * classes;
    const auto label = static_cast<std::size_t>(labels[row]);
    // Subtracting the largest logit keeps every exponential in (0, 1].
    const float* largest = std::max_element(x, x + classes);
    float sum = 0;
    for (std::size_t c = 0; c < classes; ++c) {
      const float e = std::exp(x[c] - *largest);
      sum += e;
      if (!grad.empty()) grad[row * classes + c] = e;
    }
    losses[row] = std::log(sum) + *largest - x[label];
    if (label_smoothing > 0) losses[row] += label_smoothing * above_mean(x, classes, x[label]);
    if (largest == x + label) ++correct;
    if (!grad.empty()) {
      float* g = grad.data() + row * classes;
      const float scale = grad_scale / sum;
      for (std::size_t c = 0; c < classes; ++c) g[c] = g[c] * scale - grad_scale * others;
      g[label] -= grad_scale * (1.0F - label_smoothing);
    }
  }
  return correct;
}

}  // namespace digitry::kernels
