#include "digitry/kernels/softmax_cross_entropy.h"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace digitry::kernels {

std::int64_t softmax_cross_entropy(std::span<const float> logits,
                                   std::span<const std::int32_t> labels, std::int64_t num_classes,
                                   float grad_scale, std::span<float> losses,
                                   std::span<float> grad) {
  const auto classes = static_cast<std::size_t>(num_classes);
  assert(logits.size() == labels.size() * classes && losses.size() == labels.size());
  assert(grad.empty() || grad.size() == logits.size());
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
    if (largest == x + label) ++correct;
    if (!grad.empty()) {
      float* g = grad.data() + row * classes;
      const float scale = grad_scale / sum;
      for (std::size_t c = 0; c < classes; ++c) g[c] *= scale;
      g[label] -= grad_scale;
    }
  }
  return correct;
}

}  // namespace digitry::kernels
