#pragma once

#include <cstdint>
#include <span>

/// The updates of optimizers, each one pass over all values w of a network and their gradients g,
/// the same bits whatever the number of threads. A value whose gradients have all been 0 stays as
/// it is, but for weight decay.
namespace digitry::kernels {

/// Decoupled weight decay: the update proper starts from (1 − α · rate) w, with α the learning
/// rate, for the first `count` values; the others do not decay. Source: Loshchilov, Hutter,
/// "Decoupled weight decay regularization", ICLR 2019.
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
  float gradient_factor = 1;  ///< Every gradient is multiplied by it first.
  std::int64_t step = 1;      ///< From 1: the exponent of the bias corrections.
};

/// One step of Adam, or of AdamW where weights decay:
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
  bool nesterov = false;
  WeightDecay decay = {};
  float gradient_factor = 1;
};

/// One step of gradient descent with momentum:  u ← μ u + g,  then w ← w − α u or, with Nesterov's
/// look ahead,  w ← w − α (μ u + g).
/// Source: Polyak 1964; Nesterov 1983; in this form Sutskever et al., ICML 2013, and most
/// frameworks. `velocity` may be empty where the momentum is 0.
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
/// sign(0) is 0, and the sign of what is not finite is not a number, so that divergence shows.
/// Source: Chen et al., "Symbolic discovery of optimization algorithms", NeurIPS 2023, algorithm 2.
void lion_update(const LionStep& step, std::span<const float> gradients, std::span<float> momentum,
                 std::span<float> values);

/// One step of an exponential moving average:  a ← a + (1 − decay) (w − a).
void average_update(double decay, std::span<const float> values, std::span<float> average);

/// Σ x², in double, added up in an order that depends on the length alone. One pass.
double sum_of_squares(std::span<const float> values);

}  // namespace digitry::kernels
