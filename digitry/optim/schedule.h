#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "digitry/base/attributes.h"

namespace digitry {

/// How far a training is, as far as schedules see it.
struct SchedulePoint {
  std::int64_t step = 0;  ///< From 0.
  std::int64_t steps_per_epoch = 1;
  std::int64_t num_steps = 1;                   ///< Of the whole training.
  std::span<const double> validation_losses{};  ///< Of the epochs before, oldest first.
};

/// How the learning rate runs over a training, as a factor of the optimizer's own rate: a function
/// of where the training is, so that a resumed one goes on as if it had never stopped.
class Schedule {
 public:
  virtual ~Schedule() = default;
  virtual std::string type() const = 0;
  /// The options that make it again, less `type`.
  virtual Attributes attributes() const = 0;
  virtual double factor(const SchedulePoint& at) const = 0;
};

/// Rises from 1/`start_divisor` to 1 in the first `warmup` of all steps and falls to
/// 1/`end_divisor`, both along half a cosine.
/// Source: Smith, Topin, "Super-convergence: very fast training of neural networks using large
/// learning rates", 2018; cosine form as frameworks have it.
struct OneCycle {
  double warmup = 0.3;
  double start_divisor = 25;
  double end_divisor = 1e4;
  operator Attributes() const;  // NOLINT(google-explicit-constructor)
};

/// gamma^(step / steps_per_epoch): falls a little each step, by `gamma` each epoch.
struct Exponential {
  double gamma = 0.9;
  operator Attributes() const;  // NOLINT(google-explicit-constructor)
};

/// gamma^⌊epoch / every_epochs⌋, epochs counted from 0.
struct StepDecay {
  std::int64_t every_epochs = 10;
  double gamma = 0.1;
  operator Attributes() const;  // NOLINT(google-explicit-constructor)
};

/// Falls from 1 at the first step to `min_factor` at the last, along half a cosine.
/// Source: Loshchilov, Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR 2017,
/// eq. 5, with a single run.
struct Cosine {
  double min_factor = 0;
  operator Attributes() const;  // NOLINT(google-explicit-constructor)
};

/// Is multiplied by `factor` after every `patience` epochs in a row whose validation loss was not
/// below the best one before, down to `min_factor`. 1 for ever where nothing is validated.
/// Source: frameworks' ReduceLROnPlateau.
struct ReduceOnPlateau {
  double factor = 0.5;
  std::int64_t patience = 3;
  double min_factor = 1e-3;
  operator Attributes() const;  // NOLINT(google-explicit-constructor)
};

/// Linear warm-up before any other schedule: its factor times (step + 1) / W for the first W steps.
/// Source: Goyal et al., "Accurate, large minibatch SGD: training ImageNet in 1 hour", 2017,
/// sec. 2.2.
struct Warmup {
  std::int64_t steps = 0;
  double epochs = 0;  ///< Instead of steps.
};

/// The same rate from the first step to the last.
std::unique_ptr<Schedule> make_constant_schedule();
std::unique_ptr<Schedule> make_one_cycle_schedule(const OneCycle& options);
std::unique_ptr<Schedule> make_exponential_schedule(const Exponential& options);
std::unique_ptr<Schedule> make_step_schedule(const StepDecay& options);
std::unique_ptr<Schedule> make_cosine_schedule(const Cosine& options);
std::unique_ptr<Schedule> make_plateau_schedule(const ReduceOnPlateau& options);
std::unique_ptr<Schedule> with_warmup(const Warmup& options, std::unique_ptr<Schedule> schedule);

/// From a recipe's [schedule] table: `type` is "constant", "one_cycle", "exponential", "step",
/// "cosine" or "reduce_on_plateau"; all but one_cycle take `warmup_steps` or `warmup_epochs` too.
/// Throws Error{kBadData} for unknown types and keys and for values out of range.
std::unique_ptr<Schedule> make_schedule(const Attributes& options_with_type);

}  // namespace digitry
