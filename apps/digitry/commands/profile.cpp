#include "apps/digitry/commands/profile.h"

#include <fmt/format.h>

namespace digitry::app {
namespace {

std::string rate_text(double flops, double seconds) {
  return flops > 0 && seconds > 0 ? fmt::format("{:.1f}", flops / seconds / 1e9) : "";
}

// One line for each kernel that was chosen among several.
std::string reasons_text(const std::vector<OperationTime>& rows) {
  std::string text;
  for (const OperationTime& row : rows) {
    if (row.operation->why.empty()) continue;
    const std::string line = fmt::format("  {}: {}\n", row.operation->kernel, row.operation->why);
    if (text.find(line) == std::string::npos) text += line;
  }
  return text.empty() ? text : "Why these kernels:\n" + text;
}

}  // namespace

std::string profile_text(const Plan& plan) {
  const std::vector<OperationTime> rows = plan.profile();
  double total = 0;
  double flops = 0;
  for (const OperationTime& row : rows) {
    total += row.seconds;
    flops += row.operation->flops;
  }
  constexpr std::string_view kRow = "{:<22} {:<17} {:>9} {:>9} {:>7}  {}\n";
  std::string text = fmt::format(kRow, "layer", "direction", "ms", "GFLOP/s", "share", "kernel");
  const auto add = [&](const std::string& layer, const std::string& direction, double step_flops,
                       double seconds, std::int64_t steps, const std::string& kernel) {
    const double per_step = seconds / static_cast<double>(std::max<std::int64_t>(steps, 1));
    text += fmt::format(kRow, layer, direction, fmt::format("{:.4f}", 1e3 * per_step),
                        rate_text(step_flops, per_step),
                        fmt::format("{:.1f} %", total > 0 ? 100 * seconds / total : 0.0), kernel);
  };
  for (const OperationTime& row : rows)
    add(row.operation->layer, to_string(row.operation->direction), row.operation->flops,
        row.seconds, row.num_steps, row.operation->kernel);
  const std::int64_t steps = rows.empty() ? 0 : rows.front().num_steps;
  add("step", fmt::format("batch {}", plan.batch_size()), flops, total, steps,
      fmt::format("mean of {} steps, without loss and optimizer", steps));
  text += reasons_text(rows);
  text.pop_back();
  return text;
}

}  // namespace digitry::app
