#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "digitry/base/attributes.h"
#include "digitry/tensor/tensor.h"

namespace digitry {

/// What one step multiplies with.
struct StepFactors {
  double learning_rate = 1;  ///< The optimizer's own rate: a schedule.
  double gradient = 1;       ///< Every gradient: clipping by the norm.
};

/// Moves all parameters of a network against their gradients, one step at a time, in a single pass.
/// Knows nothing of layouts: values, gradients and its own state are arrays laid out alike.
/// A value whose gradient is always 0 never moves, but for weight decay.
class Optimizer {
 public:
  virtual ~Optimizer() = default;

  virtual std::string type() const = 0;
  /// The options that make it again, less `type`.
  virtual Attributes attributes() const = 0;
  virtual double learning_rate() const = 0;

  virtual void step(std::span<const float> gradients, std::span<float> values,
                    const StepFactors& factors) = 0;

  /// What is needed to go on later: named arrays laid out like the values, and the steps done.
  virtual std::vector<std::pair<std::string, std::span<float>>> state() = 0;
  std::int64_t num_steps() const { return num_steps_; }
  void set_num_steps(std::int64_t steps) { num_steps_ = steps; }

 protected:
  std::int64_t num_steps_ = 0;
};

/// How many values there are, padding of layouts included.
struct ValueCounts {
  std::size_t all = 0;
  std::size_t decayed = 0;  ///< So many, the first ones, are what weight decay acts on.
};

/// Adam with the paper's defaults, AdamW with a weight decay; the update rule is at
/// kernels::adam_update.
/// Sources: Kingma, Ba, "Adam: a method for stochastic optimization", ICLR 2015; Loshchilov,
/// Hutter, "Decoupled weight decay regularization", ICLR 2019.
struct Adam {
  double learning_rate = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay = 0;      ///< Decoupled, as in every optimizer here: times the learning rate.
  operator Attributes() const;  // NOLINT(google-explicit-constructor)
};

/// Stochastic gradient descent with momentum; the update rule is at kernels::sgd_update.
struct Sgd {
  double learning_rate = 1e-2;
  double momentum = 0.9;
  bool nesterov = false;
  double weight_decay = 0;      ///< Decoupled, where many frameworks add it to the gradient.
  operator Attributes() const;  // NOLINT(google-explicit-constructor)
};

/// Lion: steps of equal size for all values. Expects a learning rate 3 to 10 times smaller than
/// Adam's, and so much larger a weight decay; the update rule is at kernels::lion_update.
/// Source: Chen et al., "Symbolic discovery of optimization algorithms", NeurIPS 2023.
struct Lion {
  double learning_rate = 1e-4;
  double beta1 = 0.9;
  double beta2 = 0.99;
  double weight_decay = 0;
  operator Attributes() const;  // NOLINT(google-explicit-constructor)
};

std::unique_ptr<Optimizer> make_adam(const Adam& options, const ValueCounts& counts);
std::unique_ptr<Optimizer> make_sgd(const Sgd& options, const ValueCounts& counts);
std::unique_ptr<Optimizer> make_lion(const Lion& options, const ValueCounts& counts);

/// From a recipe's [optimizer] table: `type` is "adam", "adamw" (adam with a weight decay of 0.01
/// where none is given), "sgd" or "lion".
/// Throws Error{kBadData} for unknown types and keys and for values out of range.
std::unique_ptr<Optimizer> make_optimizer(const Attributes& options_with_type,
                                          const ValueCounts& counts);

/// The decay of update number `num_updates` (from 0) of an exponential moving average: smaller than
/// `decay` at first, so that an average over few steps does not hang on to the initial weights.
///
///   min(decay, (1 + n) / (10 + n))
///
/// Source: the formula of TensorFlow's ExponentialMovingAverage.
double average_decay(double decay, std::int64_t num_updates);

/// Takes `values` into their moving average, which starts as a copy of them:
/// a ← d a + (1 − d) w, with d of `average_decay`.
/// Source: Polyak, Juditsky, "Acceleration of stochastic approximation by averaging", 1992.
void update_weight_average(double decay, std::int64_t num_updates, std::span<const float> values,
                           std::span<float> average);

}  // namespace digitry
