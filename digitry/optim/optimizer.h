#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "digitry/base/attributes.h"
#include "digitry/tensor/tensor.h"

namespace digitry {

/// The factors of one step.
struct StepFactors {
  double learning_rate = 1;  ///< Multiplies the learning rate of the optimizer: the schedule.
  double gradient = 1;       ///< Multiplies every gradient: clipping by the norm.
};

/// Updates all parameters of a network from their gradients, in a single pass per step. Values,
/// gradients and the state are flat arrays with the same layout, which the optimizer need not know.
/// A value whose gradient is always 0 never changes, except by weight decay.
class Optimizer {
 public:
  virtual ~Optimizer() = default;

  virtual double learning_rate() const = 0;

  /// Performs one update. `gradients` and `values` have the length ValueCounts::all.
  virtual void step(std::span<const float> gradients, std::span<float> values,
                    const StepFactors& factors) = 0;

  /// The state that is needed to resume a training: named arrays with the layout of the values, and
  /// the number of steps.
  virtual std::vector<std::pair<std::string, std::span<float>>> state() = 0;
  std::int64_t num_steps() const { return num_steps_; }
  void set_num_steps(std::int64_t steps) { num_steps_ = steps; }

 protected:
  std::int64_t num_steps_ = 0;
};

/// The number of values, including the padding of layouts.
struct ValueCounts {
  std::size_t all = 0;
  std::size_t decayed = 0;  ///< Weight decay acts on this many, the first ones.
};

/// Adam with the defaults of the paper; AdamW if there is weight decay. For the update rule see
/// kernels::adam_update.
/// Sources: Kingma, Ba, "Adam: a method for stochastic optimization", ICLR 2015; Loshchilov,
/// Hutter, "Decoupled weight decay regularization", ICLR 2019.
struct Adam {
  static constexpr const char* kType = "adam";  ///< Its name in a recipe.
  double learning_rate = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay = 0;  ///< Decoupled: multiplied by the learning rate.
  bool operator==(const Adam&) const = default;
};

/// Stochastic gradient descent with momentum. For the update rule and its sources see
/// kernels::sgd_update.
struct Sgd {
  static constexpr const char* kType = "sgd";  ///< Its name in a recipe.
  double learning_rate = 1e-2;
  double momentum = 0.9;
  bool nesterov = false;
  double weight_decay = 0;  ///< Decoupled; many frameworks add it to the gradient instead.
  bool operator==(const Sgd&) const = default;
};

/// Lion: steps of equal size for all values. It needs a learning rate 3 to 10 times smaller than
/// that of Adam, and a weight decay larger by the same factor. For the update rule see
/// kernels::lion_update.
/// Source: Chen et al., "Symbolic discovery of optimization algorithms", NeurIPS 2023.
struct Lion {
  static constexpr const char* kType = "lion";  ///< Its name in a recipe.
  double learning_rate = 1e-4;
  double beta1 = 0.9;
  double beta2 = 0.99;
  double weight_decay = 0;
  bool operator==(const Lion&) const = default;
};

/// The options of any optimizer.
using OptimizerOptions = std::variant<Adam, Sgd, Lion>;

/// Makes an optimizer. The options are not checked; `read_optimizer` does that.
std::unique_ptr<Optimizer> make_optimizer(const OptimizerOptions& options,
                                          const ValueCounts& counts);

/// The learning rate, to read or to set.
double& learning_rate(OptimizerOptions& options);

/// Reads the [optimizer] table of a recipe: `type` is the `kType` of an optimizer, by default
/// "adam", or "adamw" (adam with a default weight decay of 0.01); the other keys are the names of
/// the fields. Throws Error{kBadData}, whose message begins with `where`, for unknown types and
/// keys and for values out of range.
OptimizerOptions read_optimizer(const Attributes& options, const std::string& where);

/// The inverse: type, learning rate, and what differs from the defaults of the type; or all fields.
Attributes to_attributes(const OptimizerOptions& options, bool all = false);

/// The decay for update number `num_updates` (from 0) of an exponential moving average. It is
/// smaller than `decay` at first, so that the initial weights have little influence on the average.
///
///   min(decay, (1 + n) / (10 + n))
///
/// Source: ExponentialMovingAverage of TensorFlow.
double average_decay(double decay, std::int64_t num_updates);

/// Updates the moving average of `values`, which starts as a copy of them:
/// a ← d a + (1 − d) w, with d from `average_decay`.
/// Source: Polyak, Juditsky, "Acceleration of stochastic approximation by averaging", 1992.
void update_weight_average(double decay, std::int64_t num_updates, std::span<const float> values,
                           std::span<float> average);

}  // namespace digitry
