#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "digitry/base/options.h"

namespace digitry {

/// How the learning rate runs over a training, as a factor of the optimizer's own rate.
class Schedule {
 public:
  virtual ~Schedule() = default;
  virtual std::string type() const = 0;
  virtual Options options() const = 0;
  /// The factor at `step` (from 0) of a training of `num_steps`.
  virtual double factor(std::int64_t step, std::int64_t num_steps) const = 0;
};

/// Rises from 1/`start_divisor` to 1 in the first `warmup` of all steps and falls to
/// 1/`end_divisor`, both along half a cosine.
/// Source: Smith, Topin, "Super-convergence: very fast training of neural networks using large
/// learning rates", 2018; cosine form as frameworks have it.
struct OneCycleOptions {
  double warmup = 0.3;
  double start_divisor = 25;
  double end_divisor = 1e4;
};

/// The same rate from the first step to the last.
std::unique_ptr<Schedule> make_constant_schedule();
std::unique_ptr<Schedule> make_one_cycle_schedule(const OneCycleOptions& options);

/// From a recipe's [schedule] table: `type` is "constant" or "one_cycle".
std::unique_ptr<Schedule> make_schedule(const Options& options_with_type);

}  // namespace digitry
