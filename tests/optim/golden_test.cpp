#include "tests/golden/golden.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "digitry/kernels/optimizer_updates.h"
#include "digitry/kernels/softmax_cross_entropy.h"
#include "digitry/nn/plan/plan.h"
#include "digitry/optim/optimizer.h"
#include "digitry/optim/schedule.h"
#include "tests/support/near.h"

// Twenty steps of another framework on a small network; see tests/golden/generate.py.

namespace digitry {
namespace {

using test::floats;

Attributes options_of(const nlohmann::json& object) {
  Attributes options;
  for (const auto& [key, value] : object.items()) {
    if (value.is_string())
      options[key] = value.get<std::string>();
    else if (value.is_boolean())
      options[key] = value.get<bool>();
    else if (value.is_number_integer())
      options[key] = value.get<std::int64_t>();
    else
      options[key] = value.get<double>();
  }
  return options;
}

class GoldenTraining : public ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Optimizers, GoldenTraining,
                         ::testing::Values("adam", "adamw", "lion", "sgd", "sgd_clipped",
                                           "sgd_momentum", "sgd_nesterov", "sgd_nesterov_decay"),
                         [](const auto& test) { return std::string(test.param); });

TEST_P(GoldenTraining, LossesAndWeightsAreTheFrameworks) {
  const auto golden = test::read_golden(std::string(GetParam()) + ".json");
  const Network network = test::golden_mlp(golden, golden["initial"]);
  const std::int64_t batch_size = golden["batch_size"];
  ParameterArena arena(/*with_gradients=*/true);
  Plan plan(network, batch_size, PlanMode::kTraining, arena);
  arena.load(network.parameters());
  const auto optimizer =
      make_optimizer(read_optimizer(options_of(golden["optimizer"]), "golden"),
                     {.all = arena.values().size(), .decayed = arena.num_weight_values()});

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
    const double clip = golden["gradient_clip"];
    const double norm = std::sqrt(kernels::sum_of_squares(arena.gradients()));
    optimizer->step(arena.gradients(), arena.values(),
                    {.gradient = clip > 0 && norm > clip ? clip / norm : 1.0});

    const auto& check = golden["checked"][next_check];
    if (check["step"] != step + 1) continue;
    const auto weights = arena.store(arena.values());
    for (std::size_t i = 0; i < weights.size(); ++i) {
      SCOPED_TRACE(weights[i].name + " after step " + std::to_string(step + 1));
      // The quotient of Adam magnifies rounding errors if a gradient is close to 0.
      test::expect_near(weights[i].value.as<float>(), floats(check["parameters"][i]), 2e-5, 1e-5);
    }
    next_check = std::min(next_check + 1, golden["checked"].size() - 1);
  }
  EXPECT_EQ(optimizer->num_steps(), golden["steps"].get<std::int64_t>());
}

TEST(GoldenSchedule, OneCycleIsTheFrameworks) {
  const auto golden = test::read_golden("one_cycle.json");
  for (const auto& one : golden["cases"]) {
    const auto schedule = make_schedule(OneCycle{.warmup = one["warmup"],
                                                 .start_divisor = one["start_divisor"],
                                                 .end_divisor = one["end_divisor"]});
    const std::int64_t num_steps = one["num_steps"];
    for (std::int64_t step = 0; step < num_steps; ++step)
      EXPECT_NEAR(schedule->factor({.step = step, .num_steps = num_steps}),
                  one["factors"][static_cast<std::size_t>(step)].get<double>(), 1e-8)
          << step << " of " << num_steps;
  }
}

TEST(GoldenSchedule, FactorsOfEachStepAreTheFrameworks) {
  const auto golden = test::read_golden("schedules.json");
  for (const auto& one : golden["cases"]) {
    const auto schedule = make_schedule(read_schedule(options_of(one["schedule"]), "golden"));
    const std::int64_t num_steps = golden["num_steps"];
    for (std::int64_t step = 0; step < num_steps; ++step)
      EXPECT_NEAR(
          schedule->factor(
              {.step = step, .steps_per_epoch = golden["steps_per_epoch"], .num_steps = num_steps}),
          one["factors"][static_cast<std::size_t>(step)].get<double>(), 1e-8)
          << one["schedule"] << " step " << step;
  }
}

TEST(GoldenSchedule, ReduceOnPlateauIsTheFrameworks) {
  const auto golden = test::read_golden("schedules.json")["plateau"];
  const auto schedule = make_schedule(read_schedule(options_of(golden["schedule"]), "golden"));
  const auto losses = golden["validation_losses"].get<std::vector<double>>();
  for (std::size_t epochs = 1; epochs <= losses.size(); ++epochs)
    EXPECT_NEAR(schedule->factor({.validation_losses = std::span(losses).first(epochs)}),
                golden["factors_after"][epochs - 1].get<double>(), 1e-6)
        << "after " << epochs << " epochs";
}

TEST(GoldenAverage, IsTheFrameworks) {
  const auto golden = test::read_golden("average.json");
  const auto values = floats(golden["values"]);
  const auto size = golden["size"].get<std::size_t>();
  std::vector<float> average(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(size));
  for (std::size_t i = 0; i < golden["averages"].size(); ++i) {
    kernels::average_update(golden["decay"], std::span(values).subspan(i * size, size), average);
    test::expect_near(average, floats(golden["averages"][i]), 1e-6, 1e-6);
  }
}

}  // namespace
}  // namespace digitry
