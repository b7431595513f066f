#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <variant>

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
  virtual double factor(const SchedulePoint& at) const = 0;
};

/// Linear warm-up for any other schedule: multiplies it by (step + 1) / W for the first W steps.
/// Source: Goyal et al., "Accurate, large minibatch SGD: training ImageNet in 1 hour", 2017,
/// sec. 2.2.
struct Warmup {
  std::int64_t steps = 0;
  double epochs = 0;  ///< An alternative to `steps`: W = epochs · steps_per_epoch.
  bool operator==(const Warmup&) const = default;
};

/// The factor 1.
struct Constant {
  static constexpr const char* kType = "constant";  ///< Its name in a recipe.
  Warmup warmup = {};
  bool operator==(const Constant&) const = default;
};

/// Rises from 1/`start_divisor` to 1 during the first fraction `warmup` of all steps, then falls to
/// 1/`end_divisor`, both along half a cosine.
/// Source: Smith, Topin, "Super-convergence: very fast training of neural networks using large
/// learning rates", 2018; with cosines, as in most frameworks.
struct OneCycle {
  static constexpr const char* kType = "one_cycle";  ///< Its name in a recipe.
  double warmup = 0.3;
  double start_divisor = 25;
  double end_divisor = 1e4;
  bool operator==(const OneCycle&) const = default;
};

/// gamma^(step / steps_per_epoch): falls at each step, by the factor `gamma` per epoch.
struct Exponential {
  static constexpr const char* kType = "exponential";  ///< Its name in a recipe.
  double gamma = 0.9;
  Warmup warmup = {};
  bool operator==(const Exponential&) const = default;
};

/// gamma^⌊epoch / every_epochs⌋, with epochs counted from 0.
struct StepDecay {
  static constexpr const char* kType = "step";  ///< Its name in a recipe.
  std::int64_t every_epochs = 10;
  double gamma = 0.1;
  Warmup warmup = {};
  bool operator==(const StepDecay&) const = default;
};

/// Falls from 1 at the first step to `min_factor` at the last, along half a cosine.
/// Source: Loshchilov, Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR 2017,
/// eq. 5, without restarts.
struct Cosine {
  static constexpr const char* kType = "cosine";  ///< Its name in a recipe.
  double min_factor = 0;
  Warmup warmup = {};
  bool operator==(const Cosine&) const = default;
};

/// Multiplied by `factor` after each `patience` consecutive epochs without a new best validation
/// loss, but never below `min_factor`. Constant 1 without validation.
/// Source: ReduceLROnPlateau of PyTorch and Keras.
struct ReduceOnPlateau {
  static constexpr const char* kType = "reduce_on_plateau";  ///< Its name in a recipe.
  double factor = 0.5;
  std::int64_t patience = 3;
  double min_factor = 1e-3;
  Warmup warmup = {};
  bool operator==(const ReduceOnPlateau&) const = default;
};

/// The options of any schedule.
using ScheduleOptions =
    std::variant<Constant, OneCycle, Exponential, StepDecay, Cosine, ReduceOnPlateau>;

/// Makes a schedule. The options are not checked; `read_schedule` does that.
std::unique_ptr<Schedule> make_schedule(const ScheduleOptions& options);

/// Reads the [schedule] table of a recipe: `type` is the `kType` of a schedule, by default
/// "constant"; the other keys are the names of the fields, and `warmup_steps` or `warmup_epochs`.
/// Throws Error{kBadData}, whose message begins with `where`, for unknown types and keys and for
/// values out of range.
ScheduleOptions read_schedule(const Attributes& options, const std::string& where);

/// The inverse: the type and what differs from its defaults; or all fields.
Attributes to_attributes(const ScheduleOptions& options, bool all = false);

}  // namespace digitry
