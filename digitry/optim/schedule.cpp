#include "digitry/optim/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace digitry {
namespace {

class Constant : public Schedule {
 public:
  std::string type() const override { return "constant"; }
  Options options() const override { return {}; }
  double factor(std::int64_t /*step*/, std::int64_t /*num_steps*/) const override { return 1.0; }
};

// From `from` at 0 to `to` at 1, flat at both ends.
double half_cosine(double from, double to, double progress) {
  return to + (from - to) * 0.5 * (1.0 + std::cos(std::numbers::pi * progress));
}

class OneCycle : public Schedule {
 public:
  explicit OneCycle(const OneCycleOptions& options) : options_(options) {}

  std::string type() const override { return "one_cycle"; }
  Options options() const override {
    return {{"warmup", options_.warmup},
            {"start_divisor", options_.start_divisor},
            {"end_divisor", options_.end_divisor}};
  }
  double factor(std::int64_t step, std::int64_t num_steps) const override {
    const auto last = static_cast<double>(std::max<std::int64_t>(num_steps - 1, 1));
    const double progress = std::min(static_cast<double>(step) / last, 1.0);
    if (progress < options_.warmup)
      return half_cosine(1.0 / options_.start_divisor, 1.0, progress / options_.warmup);
    return half_cosine(1.0, 1.0 / options_.end_divisor,
                       (progress - options_.warmup) / (1.0 - options_.warmup));
  }

 private:
  OneCycleOptions options_;
};

}  // namespace

std::unique_ptr<Schedule> make_constant_schedule() { return std::make_unique<Constant>(); }

std::unique_ptr<Schedule> make_one_cycle_schedule(const OneCycleOptions& options) {
  return std::make_unique<OneCycle>(options);
}

std::unique_ptr<Schedule> make_schedule(const Options& options_with_type) {
  OptionReader reader(options_with_type, "[schedule]");
  const std::string type = reader.text("type", {"constant", "one_cycle"}, "constant");
  if (type == "constant") {
    reader.finish();
    return make_constant_schedule();
  }
  OneCycleOptions options;
  options.warmup = reader.number("warmup", 0, 0.99, options.warmup);
  options.start_divisor = reader.number("start_divisor", 1, 1e9, options.start_divisor);
  options.end_divisor = reader.number("end_divisor", 1, 1e12, options.end_divisor);
  reader.finish();
  return make_one_cycle_schedule(options);
}

}  // namespace digitry
