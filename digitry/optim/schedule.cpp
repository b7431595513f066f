#include "digitry/optim/schedule.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <utility>

#include "digitry/base/error.h"
#include "digitry/base/limits.h"

namespace digitry {
namespace {

class ConstantSchedule : public Schedule {
 public:
  std::string type() const override { return "constant"; }
  Attributes attributes() const override { return {}; }
  double factor(const SchedulePoint& /*at*/) const override { return 1.0; }
};

// From `from` at progress 0 to `to` at progress 1, with slope 0 at both ends.
double half_cosine(double from, double to, double progress) {
  return to + (from - to) * 0.5 * (1.0 + std::cos(std::numbers::pi * progress));
}

// 0 at the first step, 1 at the last.
double progress_of(const SchedulePoint& at) {
  const auto last = static_cast<double>(std::max<std::int64_t>(at.num_steps - 1, 1));
  return std::min(static_cast<double>(at.step) / last, 1.0);
}

class OneCycleSchedule : public Schedule {
 public:
  explicit OneCycleSchedule(const OneCycle& options) : options_(options) {}

  std::string type() const override { return "one_cycle"; }
  Attributes attributes() const override {
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
  Attributes attributes() const override { return {{"gamma", options_.gamma}}; }
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
  Attributes attributes() const override {
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
  Attributes attributes() const override { return {{"min_factor", options_.min_factor}}; }
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
  Attributes attributes() const override {
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
  Attributes attributes() const override {
    Attributes all = schedule_->attributes();
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

// The options with `type`, as in a recipe.
Attributes recipe_options(const Schedule& made) {
  Attributes options = made.attributes();
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

OneCycle::operator Attributes() const { return recipe_options(OneCycleSchedule(*this)); }
Exponential::operator Attributes() const { return recipe_options(ExponentialSchedule(*this)); }
StepDecay::operator Attributes() const { return recipe_options(StepDecaySchedule(*this)); }
Cosine::operator Attributes() const { return recipe_options(CosineSchedule(*this)); }
ReduceOnPlateau::operator Attributes() const { return recipe_options(PlateauSchedule(*this)); }

namespace {

constexpr std::int64_t kMostSteps = 1'000'000'000;
constexpr double kSmallestFactor = 1e-9;

OneCycle read_one_cycle(AttributeReader& reader, OneCycle options) {
  options.warmup = reader.number("warmup", 0, 0.99, options.warmup);
  options.start_divisor = reader.number("start_divisor", 1, 1e9, options.start_divisor);
  options.end_divisor = reader.number("end_divisor", 1, 1e12, options.end_divisor);
  return options;
}

Exponential read_exponential(AttributeReader& reader, Exponential options) {
  options.gamma = reader.number("gamma", kSmallestFactor, 1, options.gamma);
  return options;
}

StepDecay read_step(AttributeReader& reader, StepDecay options) {
  options.every_epochs = reader.integer("every_epochs", 1, kMaxEpochs, options.every_epochs);
  options.gamma = reader.number("gamma", kSmallestFactor, 1, options.gamma);
  return options;
}

Cosine read_cosine(AttributeReader& reader, Cosine options) {
  options.min_factor = reader.number("min_factor", 0, 1, options.min_factor);
  return options;
}

ReduceOnPlateau read_plateau(AttributeReader& reader, ReduceOnPlateau options) {
  options.factor = reader.number("factor", kSmallestFactor, 1, options.factor);
  options.patience = reader.integer("patience", 1, kMaxEpochs, options.patience);
  options.min_factor = reader.number("min_factor", 0, 1, options.min_factor);
  return options;
}

Warmup read_warmup(AttributeReader& reader) {
  const Warmup options{
      .steps = reader.integer("warmup_steps", 0, kMostSteps, 0),
      .epochs = reader.number("warmup_epochs", 0, static_cast<double>(kMaxEpochs), 0.0)};
  if (reader.has("warmup_steps") && reader.has("warmup_epochs"))
    throw Error(ErrorCode::kBadData, "{}: expected 'warmup_steps' or 'warmup_epochs', got both",
                reader.where());
  return options;
}

std::unique_ptr<Schedule> schedule_of(const std::string& type, AttributeReader& reader) {
  if (type == "one_cycle") return make_one_cycle_schedule(read_one_cycle(reader, {}));
  if (type == "exponential") return make_exponential_schedule(read_exponential(reader, {}));
  if (type == "step") return make_step_schedule(read_step(reader, {}));
  if (type == "cosine") return make_cosine_schedule(read_cosine(reader, {}));
  if (type == "reduce_on_plateau") return make_plateau_schedule(read_plateau(reader, {}));
  return make_constant_schedule();
}

}  // namespace

std::unique_ptr<Schedule> make_schedule(const Attributes& options_with_type) {
  AttributeReader reader(options_with_type, "[schedule]");
  const std::string type = reader.text(
      "type", {"constant", "one_cycle", "exponential", "step", "cosine", "reduce_on_plateau"},
      "constant");
  std::unique_ptr<Schedule> schedule = schedule_of(type, reader);
  // one_cycle has its own warm-up.
  if (type != "one_cycle") {
    const Warmup warmup = read_warmup(reader);
    if (warmup.steps > 0 || warmup.epochs > 0) schedule = with_warmup(warmup, std::move(schedule));
  }
  reader.finish();
  return schedule;
}

}  // namespace digitry
