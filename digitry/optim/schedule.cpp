#include "digitry/optim/schedule.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <type_traits>
#include <utility>

#include "digitry/base/attribute_fields.h"
#include "digitry/base/error.h"
#include "digitry/base/limits.h"

namespace digitry {
namespace {

class ConstantSchedule : public Schedule {
 public:
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

  double factor(const SchedulePoint& at) const override {
    return half_cosine(1.0, options_.min_factor, progress_of(at));
  }

 private:
  Cosine options_;
};

class PlateauSchedule : public Schedule {
 public:
  explicit PlateauSchedule(const ReduceOnPlateau& options) : options_(options) {}

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

std::unique_ptr<Schedule> without_warmup(const ScheduleOptions& options) {
  if (const auto* held = std::get_if<OneCycle>(&options))
    return std::make_unique<OneCycleSchedule>(*held);
  if (const auto* held = std::get_if<Exponential>(&options))
    return std::make_unique<ExponentialSchedule>(*held);
  if (const auto* held = std::get_if<StepDecay>(&options))
    return std::make_unique<StepDecaySchedule>(*held);
  if (const auto* held = std::get_if<Cosine>(&options))
    return std::make_unique<CosineSchedule>(*held);
  if (const auto* held = std::get_if<ReduceOnPlateau>(&options))
    return std::make_unique<PlateauSchedule>(*held);
  return std::make_unique<ConstantSchedule>();
}

// OneCycle has its own.
Warmup warmup_of(const ScheduleOptions& options) {
  return std::visit(
      [](const auto& held) {
        if constexpr (std::is_same_v<decltype(held.warmup), Warmup>)
          return held.warmup;
        else
          return Warmup();
      },
      options);
}

constexpr std::int64_t kMostSteps = 1'000'000'000;
constexpr double kSmallestFactor = 1e-9;
constexpr const char* kWarmupSteps = "warmup_steps";
constexpr const char* kWarmupEpochs = "warmup_epochs";

}  // namespace

template <typename Field>
static void fields(Warmup& options, const Field& field) {
  field(kWarmupSteps, options.steps, 0, kMostSteps);
  field(kWarmupEpochs, options.epochs, 0, static_cast<double>(kMaxEpochs));
}

template <typename Field>
static void fields(Constant& options, const Field& field) {
  fields(options.warmup, field);
}

template <typename Field>
static void fields(OneCycle& options, const Field& field) {
  field("warmup", options.warmup, 0, 0.99);
  field("start_divisor", options.start_divisor, 1, 1e9);
  field("end_divisor", options.end_divisor, 1, 1e12);
}

template <typename Field>
static void fields(Exponential& options, const Field& field) {
  field("gamma", options.gamma, kSmallestFactor, 1);
  fields(options.warmup, field);
}

template <typename Field>
static void fields(StepDecay& options, const Field& field) {
  field("every_epochs", options.every_epochs, 1, kMaxEpochs);
  field("gamma", options.gamma, kSmallestFactor, 1);
  fields(options.warmup, field);
}

template <typename Field>
static void fields(Cosine& options, const Field& field) {
  field("min_factor", options.min_factor, 0, 1);
  fields(options.warmup, field);
}

template <typename Field>
static void fields(ReduceOnPlateau& options, const Field& field) {
  field("factor", options.factor, kSmallestFactor, 1);
  field("patience", options.patience, 1, kMaxEpochs);
  field("min_factor", options.min_factor, 0, 1);
  fields(options.warmup, field);
}

std::unique_ptr<Schedule> make_schedule(const ScheduleOptions& options) {
  std::unique_ptr<Schedule> schedule = without_warmup(options);
  const Warmup warmup = warmup_of(options);
  if (warmup == Warmup()) return schedule;
  return std::make_unique<WarmupSchedule>(warmup, std::move(schedule));
}

ScheduleOptions read_schedule(const Attributes& options, const std::string& where) {
  AttributeReader reader(options, where);
  ScheduleOptions read = OptionTypes<ScheduleOptions>::make(
      reader.text("type", OptionTypes<ScheduleOptions>::names(), Constant::kType));
  std::visit([&](auto& held) { fields(held, ReadFields{reader}); }, read);
  if (const Warmup warmup = warmup_of(read); warmup.steps > 0 && warmup.epochs > 0)
    throw Error(ErrorCode::kBadData, "{}: expected 'warmup_steps' or 'warmup_epochs', got both",
                where);
  reader.finish();
  return read;
}

Attributes to_attributes(const ScheduleOptions& options, bool all) {
  Attributes attributes = all_attributes(options);
  const Attributes defaults = all_attributes(
      std::visit([](auto held) { return ScheduleOptions(decltype(held){}); }, options));
  std::erase_if(attributes, [&](const auto& pair) {
    const auto& [key, value] = pair;
    if (key == "type" || value != defaults.at(key)) return false;
    // A warm-up of 0 is none.
    return !all || key == kWarmupSteps || key == kWarmupEpochs;
  });
  return attributes;
}

}  // namespace digitry
