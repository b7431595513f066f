#include "digitry/optim/schedule.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <utility>

namespace digitry {
namespace {

class ConstantSchedule : public Schedule {
 public:
  std::string type() const override { return "constant"; }
  Options options() const override { return {}; }
  double factor(const SchedulePoint& /*at*/) const override { return 1.0; }
};

// From `from` at 0 to `to` at 1, flat at both ends.
double half_cosine(double from, double to, double progress) {
  return to + (from - to) * 0.5 * (1.0 + std::cos(std::numbers::pi * progress));
}

// From 0 at the first step to 1 at the last.
double progress_of(const SchedulePoint& at) {
  const auto last = static_cast<double>(std::max<std::int64_t>(at.num_steps - 1, 1));
  return std::min(static_cast<double>(at.step) / last, 1.0);
}

class OneCycleSchedule : public Schedule {
 public:
  explicit OneCycleSchedule(const OneCycle& options) : options_(options) {}

  std::string type() const override { return "one_cycle"; }
  Options options() const override {
    return {{"warmup", options_.warmup},
            {"start_divisor", options_.start_divisor},
            {"end_divisor", options_.end_divisor}};
  }
  double factor(const SchedulePoint& at) const override {
    const double progress = progress_of(at);
    if (progress < options_.warmup)
      return half_cosine(1.0 / options_.start_divisor, 1.0, progress / options_.warmup);
    return half_cosine(1.0, 1.0 / options_.end_divisor,
                       (progress - options_.warmup) / (1.0 - options_.warmup));
  }

 private:
  OneCycle options_;
};

class ExponentialSchedule : public Schedule {
 public:
  explicit ExponentialSchedule(const Exponential& options) : options_(options) {}

  std::string type() const override { return "exponential"; }
  Options options() const override { return {{"gamma", options_.gamma}}; }
  double factor(const SchedulePoint& at) const override {
    return std::pow(options_.gamma,
                    static_cast<double>(at.step) / static_cast<double>(at.steps_per_epoch));
  }

 private:
  Exponential options_;
};

class StepDecaySchedule : public Schedule {
 public:
  explicit StepDecaySchedule(const StepDecay& options) : options_(options) {}

  std::string type() const override { return "step"; }
  Options options() const override {
    return {{"every_epochs", options_.every_epochs}, {"gamma", options_.gamma}};
  }
  double factor(const SchedulePoint& at) const override {
    const std::int64_t epoch = at.step / at.steps_per_epoch;
    const std::int64_t times = epoch / options_.every_epochs;
    return std::pow(options_.gamma, static_cast<double>(times));
  }

 private:
  StepDecay options_;
};

class CosineSchedule : public Schedule {
 public:
  explicit CosineSchedule(const Cosine& options) : options_(options) {}

  std::string type() const override { return "cosine"; }
  Options options() const override { return {{"min_factor", options_.min_factor}}; }
  double factor(const SchedulePoint& at) const override {
    return half_cosine(1.0, options_.min_factor, progress_of(at));
  }

 private:
  Cosine options_;
};

class PlateauSchedule : public Schedule {
 public:
  explicit PlateauSchedule(const ReduceOnPlateau& options) : options_(options) {}

  std::string type() const override { return "reduce_on_plateau"; }
  Options options() const override {
    return {{"factor", options_.factor},
            {"patience", options_.patience},
            {"min_factor", options_.min_factor}};
  }
  double factor(const SchedulePoint& at) const override {
    double factor = 1;
    double best = std::numeric_limits<double>::infinity();
    std::int64_t epochs_without = 0;
    for (const double loss : at.validation_losses) {
      epochs_without = loss < best ? 0 : epochs_without + 1;
      best = std::min(best, loss);
      if (epochs_without < options_.patience) continue;
      factor = std::max(factor * options_.factor, options_.min_factor);
      epochs_without = 0;
    }
    return factor;
  }

 private:
  ReduceOnPlateau options_;
};

class WarmupSchedule : public Schedule {
 public:
  WarmupSchedule(const Warmup& options, std::unique_ptr<Schedule> schedule)
      : options_(options), schedule_(std::move(schedule)) {}

  std::string type() const override { return schedule_->type(); }
  Options options() const override {
    Options all = schedule_->options();
    if (options_.steps > 0) all["warmup_steps"] = options_.steps;
    if (options_.epochs > 0) all["warmup_epochs"] = options_.epochs;
    return all;
  }
  double factor(const SchedulePoint& at) const override {
    const double steps = static_cast<double>(options_.steps) +
                         options_.epochs * static_cast<double>(at.steps_per_epoch);
    const double ramp = (static_cast<double>(at.step) + 1) / std::max(steps, 1.0);
    return std::min(ramp, 1.0) * schedule_->factor(at);
  }

 private:
  Warmup options_;
  std::unique_ptr<Schedule> schedule_;
};

// With its `type`, as a recipe has it.
Options recipe_options(const Schedule& made) {
  Options options = made.options();
  options["type"] = made.type();
  return options;
}

}  // namespace

std::unique_ptr<Schedule> make_constant_schedule() { return std::make_unique<ConstantSchedule>(); }

std::unique_ptr<Schedule> make_one_cycle_schedule(const OneCycle& options) {
  return std::make_unique<OneCycleSchedule>(options);
}

std::unique_ptr<Schedule> make_exponential_schedule(const Exponential& options) {
  return std::make_unique<ExponentialSchedule>(options);
}

std::unique_ptr<Schedule> make_step_schedule(const StepDecay& options) {
  return std::make_unique<StepDecaySchedule>(options);
}

std::unique_ptr<Schedule> make_cosine_schedule(const Cosine& options) {
  return std::make_unique<CosineSchedule>(options);
}

std::unique_ptr<Schedule> make_plateau_schedule(const ReduceOnPlateau& options) {
  return std::make_unique<PlateauSchedule>(options);
}

std::unique_ptr<Schedule> with_warmup(const Warmup& options, std::unique_ptr<Schedule> schedule) {
  return std::make_unique<WarmupSchedule>(options, std::move(schedule));
}

OneCycle::operator Options() const { return recipe_options(OneCycleSchedule(*this)); }
Exponential::operator Options() const { return recipe_options(ExponentialSchedule(*this)); }
StepDecay::operator Options() const { return recipe_options(StepDecaySchedule(*this)); }
Cosine::operator Options() const { return recipe_options(CosineSchedule(*this)); }
ReduceOnPlateau::operator Options() const { return recipe_options(PlateauSchedule(*this)); }

}  // namespace digitry
