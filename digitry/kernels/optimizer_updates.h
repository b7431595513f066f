#pragma once

#include <cstdint>
#include <span>

/// The update rules of optimizers: one pass over all values w of a network and their gradients g.
/// The result does not depend on the number of threads, bit for bit. A value whose gradients were
/// always 0 does not change, except by weight decay.
namespace digitry::kernels {

/// Decoupled weight decay: for the first `count` values, the update starts from (1 − α · rate) w,
/// with the learning rate α. The other values do not decay.
/// Source: Loshchilov, Hutter, "Decoupled weight decay regularization", ICLR 2019.
struct WeightDecay {
  float rate = 0;
  std::int64_t count = 0;
};

struct AdamStep {
  float learning_rate = 1e-3F;
  float beta1 = 0.9F;
  float beta2 = 0.999F;
  float epsilon = 1e-8F;
  WeightDecay decay = {};
  float gradient_factor = 1;  ///< Multiplies every gradient first.
  std::int64_t step = 1;      ///< Counted from 1: the exponent t of the bias corrections.
};

/// One step of Adam, or of AdamW if there is weight decay:
///
///   m ← β₁ m + (1 − β₁) g        v ← β₂ v + (1 − β₂) g²
///   w ← w − α (m / (1 − β₁ᵗ)) / (√(v / (1 − β₂ᵗ)) + ε)
///
/// Source: Kingma, Ba, "Adam: a method for stochastic optimization", ICLR 2015, algorithm 1.
/// In plain loops: tests/reference/reference.h.
void adam_update(const AdamStep& step, std::span<const float> gradients, std::span<float> first,
                 std::span<float> second, std::span<float> values);

struct SgdStep {
  float learning_rate = 1e-2F;
  float momentum = 0;
  bool nesterov = false;
  WeightDecay decay = {};
  float gradient_factor = 1;
};

/// One step of gradient descent with momentum:  u ← μ u + g,  then  w ← w − α u  or, with Nesterov
/// momentum,  w ← w − α (μ u + g). `velocity` may be empty if the momentum is 0.
/// Source: Polyak, "Some methods of speeding up the convergence of iteration methods", 1964;
/// Nesterov 1983; in this form Sutskever et al., ICML 2013, and most frameworks.
/// In plain loops: tests/reference/reference.h.
void sgd_update(const SgdStep& step, std::span<const float> gradients, std::span<float> velocity,
                std::span<float> values);

struct LionStep {
  float learning_rate = 1e-4F;
  float beta1 = 0.9F;
  float beta2 = 0.99F;
  WeightDecay decay = {};
  float gradient_factor = 1;
};

/// One step of Lion:  w ← w − α sign(β₁ m + (1 − β₁) g),  then  m ← β₂ m + (1 − β₂) g.
/// sign(0) is 0. The sign of a value that is not finite is NaN, so that divergence is detected.
/// Source: Chen et al., "Symbolic discovery of optimization algorithms", NeurIPS 2023, algorithm 2.
/// In plain loops: tests/reference/reference.h.
void lion_update(const LionStep& step, std::span<const float> gradients, std::span<float> momentum,
                 std::span<float> values);

/// One step of an exponential moving average:  a ← a + (1 − decay) (w − a).
/// In plain loops: tests/reference/reference.h.
void average_update(double decay, std::span<const float> values, std::span<float> average);

/// Σ x² in double precision, summed in an order that depends only on the length.
/// In plain loops: tests/reference/reference.h.
double sum_of_squares(std::span<const float> values);

}  // namespace digitry::kernels
