#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "digitry/base/options.h"
#include "digitry/tensor/tensor.h"

namespace digitry {

/// Moves all parameters of a network against their gradients, one step at a time, in a single pass.
/// Knows nothing of layouts: values, gradients and its own state are arrays laid out alike.
class Optimizer {
 public:
  virtual ~Optimizer() = default;

  virtual std::string type() const = 0;
  /// The options that make it again, less `type`.
  virtual Options options() const = 0;
  virtual double learning_rate() const = 0;

  /// One update with a learning rate of `rate_factor` times the optimizer's own.
  virtual void step(std::span<const float> gradients, std::span<float> values,
                    double rate_factor) = 0;

  /// What is needed to go on later: named arrays laid out like the values, and the steps done.
  virtual std::vector<std::pair<std::string, std::span<float>>> state() = 0;
  std::int64_t num_steps() const { return num_steps_; }
  void set_num_steps(std::int64_t steps) { num_steps_ = steps; }

 protected:
  std::int64_t num_steps_ = 0;
};

/// Adam with the paper's defaults; the update rule is at kernels::adam_update.
/// Source: Kingma, Ba, "Adam: a method for stochastic optimization", ICLR 2015.
struct AdamOptions {
  double learning_rate = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
};

/// Stochastic gradient descent with momentum; the update rule is at kernels::sgd_update.
struct SgdOptions {
  double learning_rate = 1e-2;
  double momentum = 0.9;
};

/// `size` is the number of values, padding of layouts included.
std::unique_ptr<Optimizer> make_adam(const AdamOptions& options, std::size_t size);
std::unique_ptr<Optimizer> make_sgd(const SgdOptions& options, std::size_t size);

/// From a recipe's [optimizer] table: `type` is "adam" or "sgd".
/// Throws Error{kBadData} for unknown types and keys and for values out of range.
std::unique_ptr<Optimizer> make_optimizer(const Options& options_with_type, std::size_t size);

}  // namespace digitry
