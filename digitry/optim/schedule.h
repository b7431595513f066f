#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "digitry/base/attributes.h"

namespace digitry {

/// The progress of a training.
struct SchedulePoint {
  std::int64_t step = 0;  ///< The current step, from 0.
  std::int64_t steps_per_epoch = 1;
  std::int64_t num_steps = 1;                   ///< Steps of the whole training.
  std::span<const double> validation_losses{};  ///< Losses of the previous epochs, oldest first.
};

/// A learning-rate schedule: the factor of the learning rate of the optimizer as a function of the
/// progress. It has no state, so that a resumed training continues as if it had not been
/// interrupted.
class Schedule {
 public:
  virtual ~Schedule() = default;
  virtual std::string type() const = 0;
  /// The options from which it can be made again, without `type`.
  virtual Attributes attributes() const = 0;
  virtual double factor(const SchedulePoint& at) const = 0;
};

/// Rises from 1/`start_divisor` to 1 during the first fraction `warmup` of all steps, then falls to
/// 1/`end_divisor`, both along half a cosine.
/// Source: Smith, Topin, "Super-convergence: very fast training of neural networks using large
/// learning rates", 2018; with cosines, as in most frameworks.
struct OneCycle {
  double warmup = 0.3;
  double start_divisor = 25;
  double end_divisor = 1e4;
  operator Attributes() const;  // NOLINT(google-explicit-constructor)
};

/// gamma^(step / steps_per_epoch): falls at each step, by the factor `gamma` per epoch.
struct Exponential {
  double gamma = 0.9;
  operator Attributes() const;  // NOLINT(google-explicit-constructor)
};

/// gamma^⌊epoch / every_epochs⌋, with epochs counted from 0.
struct StepDecay {
  std::int64_t every_epochs = 10;
  double gamma = 0.1;
  operator Attributes() const;  // NOLINT(google-explicit-constructor)
};

/// Falls from 1 at the first step to `min_factor` at the last, along half a cosine.
/// Source: Loshchilov, Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR 2017,
/// eq. 5, without restarts.
struct Cosine {
  double min_factor = 0;
  operator Attributes() const;  // NOLINT(google-explicit-constructor)
};

/// Multiplied by `factor` after each `patience` consecutive epochs without a new best validation
/// loss, but never below `min_factor`. Constant 1 without validation.
/// Source: ReduceLROnPlateau of PyTorch and Keras.
struct ReduceOnPlateau {
  double factor = 0.5;
  std::int64_t patience = 3;
  double min_factor = 1e-3;
  operator Attributes() const;  // NOLINT(google-explicit-constructor)
};

/// Linear warm-up for any other schedule: multiplies it by (step + 1) / W for the first W steps.
/// Source: Goyal et al., "Accurate, large minibatch SGD: training ImageNet in 1 hour", 2017,
/// sec. 2.2.
struct Warmup {
  std::int64_t steps = 0;
  double epochs = 0;  ///< An alternative to `steps`: W = epochs · steps_per_epoch.
};

/// Make a schedule from its options, which are not checked. A constant schedule has the factor 1.
std::unique_ptr<Schedule> make_constant_schedule();
std::unique_ptr<Schedule> make_one_cycle_schedule(const OneCycle& options);
std::unique_ptr<Schedule> make_exponential_schedule(const Exponential& options);
std::unique_ptr<Schedule> make_step_schedule(const StepDecay& options);
std::unique_ptr<Schedule> make_cosine_schedule(const Cosine& options);
std::unique_ptr<Schedule> make_plateau_schedule(const ReduceOnPlateau& options);
std::unique_ptr<Schedule> with_warmup(const Warmup& options, std::unique_ptr<Schedule> schedule);

/// Makes a schedule from the [schedule] table of a recipe: `type` is "constant", "one_cycle",
/// "exponential", "step", "cosine" or "reduce_on_plateau"; all but one_cycle also accept
/// `warmup_steps` or `warmup_epochs`.
/// Throws Error{kBadData} for unknown types and keys and for values out of range.
std::unique_ptr<Schedule> make_schedule(const Attributes& options_with_type);

}  // namespace digitry
