#include "tests/golden/golden.h"

#include <gtest/gtest.h>

#include <numeric>

#include "digitry/kernels/softmax_cross_entropy.h"
#include "digitry/nn/plan.h"
#include "digitry/optim/optimizer.h"
#include "digitry/optim/schedule.h"
#include "tests/support/near.h"

// Twenty steps of an outside framework on a small network; see tests/golden/generate.py.

namespace digitry {
namespace {

using test::floats;

Options options_of(const nlohmann::json& object) {
  Options options;
  for (const auto& [key, value] : object.items()) {
    if (value.is_string())
      options[key] = value.get<std::string>();
    else
      options[key] = value.get<double>();
  }
  return options;
}

class GoldenTraining : public ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Optimizers, GoldenTraining,
                         ::testing::Values("adam", "sgd", "sgd_momentum"),
                         [](const auto& test) { return std::string(test.param); });

TEST_P(GoldenTraining, LossesAndWeightsAreTheFrameworks) {
  const auto golden = test::read_golden(std::string(GetParam()) + ".json");
  const Network network = test::golden_mlp(golden, golden["initial"]);
  const std::int64_t batch_size = golden["batch_size"];
  ParameterArena arena(/*with_gradients=*/true);
  Plan plan(network, batch_size, PlanMode::kTraining, arena);
  arena.load(network.parameters());
  const auto optimizer = make_optimizer(options_of(golden["optimizer"]), arena.values().size());

  const auto x = floats(golden["x"]);
  const auto labels = golden["labels"].get<std::vector<std::int32_t>>();
  std::size_t next_check = 0;
  for (std::size_t step = 0; step < golden["steps"].get<std::size_t>(); ++step) {
    const auto count = static_cast<std::size_t>(batch_size);
    const auto input_size = plan.input().size();
    std::ranges::copy(std::span(x).subspan(step * input_size, input_size), plan.input().begin());
    plan.forward({});
    std::vector<float> losses(count);
    kernels::softmax_cross_entropy(plan.logits(), std::span(labels).subspan(step * count, count),
                                   network.num_classes(), 1.0F / static_cast<float>(count), losses,
                                   plan.logit_gradients());
    EXPECT_NEAR(std::accumulate(losses.begin(), losses.end(), 0.0) / static_cast<double>(count),
                golden["losses"][step].get<double>(), 2e-5)
        << "step " << step + 1;
    plan.backward({});
    optimizer->step(arena.gradients(), arena.values(), 1.0);

    const auto& check = golden["checked"][next_check];
    if (check["step"] != step + 1) continue;
    const auto weights = arena.store(arena.values());
    for (std::size_t i = 0; i < weights.size(); ++i) {
      SCOPED_TRACE(weights[i].name + " after step " + std::to_string(step + 1));
      // Adam's quotient magnifies rounding where a gradient is nearly 0.
      test::expect_near(weights[i].value.as<float>(), floats(check["parameters"][i]), 2e-5, 1e-5);
    }
    next_check = std::min(next_check + 1, golden["checked"].size() - 1);
  }
  EXPECT_EQ(optimizer->num_steps(), golden["steps"].get<std::int64_t>());
}

TEST(GoldenSchedule, OneCycleIsTheFrameworks) {
  const auto golden = test::read_golden("one_cycle.json");
  for (const auto& one : golden["cases"]) {
    const auto schedule = make_one_cycle_schedule({.warmup = one["warmup"],
                                                   .start_divisor = one["start_divisor"],
                                                   .end_divisor = one["end_divisor"]});
    const std::int64_t num_steps = one["num_steps"];
    for (std::int64_t step = 0; step < num_steps; ++step)
      EXPECT_NEAR(schedule->factor(step, num_steps),
                  one["factors"][static_cast<std::size_t>(step)].get<double>(), 1e-8)
          << step << " of " << num_steps;
  }
}

}  // namespace
}  // namespace digitry
