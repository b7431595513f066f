#include <utility>

#include "digitry/base/error.h"
#include "digitry/base/limits.h"
#include "digitry/optim/schedule.h"

namespace digitry {
namespace {

constexpr std::int64_t kMostSteps = 1'000'000'000;
constexpr double kSmallestFactor = 1e-9;

OneCycle read_one_cycle(OptionReader& reader, OneCycle options) {
  options.warmup = reader.number("warmup", 0, 0.99, options.warmup);
  options.start_divisor = reader.number("start_divisor", 1, 1e9, options.start_divisor);
  options.end_divisor = reader.number("end_divisor", 1, 1e12, options.end_divisor);
  return options;
}

Exponential read_exponential(OptionReader& reader, Exponential options) {
  options.gamma = reader.number("gamma", kSmallestFactor, 1, options.gamma);
  return options;
}

StepDecay read_step(OptionReader& reader, StepDecay options) {
  options.every_epochs = reader.integer("every_epochs", 1, kMaxEpochs, options.every_epochs);
  options.gamma = reader.number("gamma", kSmallestFactor, 1, options.gamma);
  return options;
}

Cosine read_cosine(OptionReader& reader, Cosine options) {
  options.min_factor = reader.number("min_factor", 0, 1, options.min_factor);
  return options;
}

ReduceOnPlateau read_plateau(OptionReader& reader, ReduceOnPlateau options) {
  options.factor = reader.number("factor", kSmallestFactor, 1, options.factor);
  options.patience = reader.integer("patience", 1, kMaxEpochs, options.patience);
  options.min_factor = reader.number("min_factor", 0, 1, options.min_factor);
  return options;
}

Warmup read_warmup(OptionReader& reader) {
  const Warmup options{
      .steps = reader.integer("warmup_steps", 0, kMostSteps, 0),
      .epochs = reader.number("warmup_epochs", 0, static_cast<double>(kMaxEpochs), 0.0)};
  if (reader.has("warmup_steps") && reader.has("warmup_epochs"))
    throw Error(ErrorCode::kBadData, "{}: want 'warmup_steps' or 'warmup_epochs', got both",
                reader.where());
  return options;
}

std::unique_ptr<Schedule> schedule_of(const std::string& type, OptionReader& reader) {
  if (type == "one_cycle") return make_one_cycle_schedule(read_one_cycle(reader, {}));
  if (type == "exponential") return make_exponential_schedule(read_exponential(reader, {}));
  if (type == "step") return make_step_schedule(read_step(reader, {}));
  if (type == "cosine") return make_cosine_schedule(read_cosine(reader, {}));
  if (type == "reduce_on_plateau") return make_plateau_schedule(read_plateau(reader, {}));
  return make_constant_schedule();
}

}  // namespace

std::unique_ptr<Schedule> make_schedule(const Options& options_with_type) {
  OptionReader reader(options_with_type, "[schedule]");
  const std::string type = reader.text(
      "type", {"constant", "one_cycle", "exponential", "step", "cosine", "reduce_on_plateau"},
      "constant");
  std::unique_ptr<Schedule> schedule = schedule_of(type, reader);
  // One cycle has a warm-up of its own.
  if (type != "one_cycle") {
    const Warmup warmup = read_warmup(reader);
    if (warmup.steps > 0 || warmup.epochs > 0) schedule = with_warmup(warmup, std::move(schedule));
  }
  reader.finish();
  return schedule;
}

}  // namespace digitry
