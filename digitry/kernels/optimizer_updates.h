#pragma once

#include <cstdint>
#include <span>

namespace digitry::kernels {

struct AdamStep {
  float learning_rate = 1e-3F;
  float beta1 = 0.9F;
  float beta2 = 0.999F;
  float epsilon = 1e-8F;
  std::int64_t step = 1;  ///< From 1: the exponent of the bias corrections.
};

/// One step of Adam over all parameters, in one pass:
///
///   m ← β₁ m + (1 − β₁) g        v ← β₂ v + (1 − β₂) g²
///   w ← w − α (m / (1 − β₁ᵗ)) / (√(v / (1 − β₂ᵗ)) + ε)
///
/// Source: Kingma, Ba, "Adam: a method for stochastic optimization", ICLR 2015, algorithm 1.
void adam_update(const AdamStep& step, std::span<const float> gradients, std::span<float> first,
                 std::span<float> second, std::span<float> values);

struct SgdStep {
  float learning_rate = 1e-2F;
  float momentum = 0;
};

/// One step of gradient descent with momentum:  u ← μ u + g,  w ← w − α u.
/// Source: Polyak 1964; in this form Sutskever et al., ICML 2013, and most frameworks.
/// `velocity` may be empty where the momentum is 0.
void sgd_update(const SgdStep& step, std::span<const float> gradients, std::span<float> velocity,
                std::span<float> values);

}  // namespace digitry::kernels
