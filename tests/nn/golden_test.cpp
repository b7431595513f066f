#include "tests/golden/golden.h"

#include <gtest/gtest.h>

#include <numeric>

#include "digitry/kernels/softmax_cross_entropy.h"
#include "digitry/nn/plan/plan.h"
#include "tests/support/near.h"
#include "tests/support/planned_layers.h"

// The same pass in another framework; see tests/golden/generate.py.

namespace digitry {
namespace {

using test::expect_near;
using test::floats;

TEST(Golden, ForwardLossAndBackwardAreTheFrameworks) {
  const auto golden = test::read_golden("network.json");
  const Network network = test::golden_mlp(golden, golden["parameters"]);
  ParameterArena arena(/*with_gradients=*/true);
  Plan plan(network, golden["batch_size"], PlanMode::kTraining, arena);
  arena.load(network.parameters());

  std::ranges::copy(floats(golden["x"]), plan.input().begin());
  plan.forward({});
  expect_near(plan.logits(), floats(golden["logits"]), 1e-6, 1e-5);

  const auto labels = golden["labels"].get<std::vector<std::int32_t>>();
  std::vector<float> losses(labels.size());
  const auto count = static_cast<float>(labels.size());
  kernels::softmax_cross_entropy(plan.logits(), labels, network.num_classes(), 1.0F / count, losses,
                                 plan.logit_gradients());
  expect_near(losses, floats(golden["losses"]), 1e-6, 1e-5);
  EXPECT_NEAR(std::accumulate(losses.begin(), losses.end(), 0.0F) / count,
              golden["loss"].get<double>(), 1e-6);
  expect_near(plan.logit_gradients(), floats(golden["logit_gradients"]), 1e-7, 1e-5);

  plan.backward({});
  const auto gradients = arena.store(arena.gradients());
  ASSERT_EQ(gradients.size(), golden["gradients"].size());
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    SCOPED_TRACE(gradients[i].name);
    expect_near(gradients[i].value.as<float>(), floats(golden["gradients"][i]), 1e-6, 1e-5);
  }
}

struct GoldenCnn : ::testing::Test {
  const nlohmann::json golden = test::read_golden("cnn.json");
  const std::int64_t batch_size = golden["batch_size"];

  Network network() const {
    Network made(Shape(golden["image"].get<std::vector<std::int64_t>>()), golden["num_classes"],
                 test::golden_layers(golden["layers"]));
    made.set_parameters(test::golden_parameters(golden["parameters"]));
    return made;
  }
  void forward(Plan& plan) const {
    std::ranges::copy(floats(golden["x"]), plan.input().begin());
    plan.forward({});
  }
  // The mean loss; leaves its gradient in the plan.
  double loss(Plan& plan) const {
    const auto labels = golden["labels"].get<std::vector<std::int32_t>>();
    std::vector<float> losses(labels.size());
    const auto count = static_cast<float>(labels.size());
    kernels::softmax_cross_entropy(plan.logits(), labels, golden["num_classes"], 1.0F / count,
                                   losses, plan.logit_gradients());
    return std::accumulate(losses.begin(), losses.end(), 0.0) / count;
  }
  void expect_parameters(const std::vector<Parameter>& got, const nlohmann::json& want,
                         double absolute, double relative) const {
    for (const Parameter& parameter : test::golden_parameters(want)) {
      SCOPED_TRACE(parameter.name);
      expect_near(test::values_of(got, parameter.name), parameter.value.as<float>(), absolute,
                  relative);
    }
  }
};

TEST_F(GoldenCnn, TrainingStepIsTheFrameworks) {
  const Network cnn = network();
  ParameterArena arena(/*with_gradients=*/true);
  Plan plan(cnn, batch_size, PlanMode::kTraining, arena);
  arena.load(cnn.parameters());
  forward(plan);
  // Kernels for different instruction sets add up in different orders. A sum of 300 products is
  // then off by about sqrt(300) · 2^-24 = 1e-6 of its terms, and a dozen layers pass that on.
  expect_near(plan.logits(), floats(golden["logits"]), 1e-5, 3e-5);
  EXPECT_NEAR(loss(plan), golden["loss"].get<double>(), 5e-6);
  plan.backward({});
  expect_parameters(arena.store(arena.gradients()), golden["gradients"], 5e-6, 5e-5);
  expect_parameters(arena.store(arena.values()), golden["running_statistics"], 1e-6, 1e-5);
}

TEST_F(GoldenCnn, InferenceAfterThatStepIsTheFrameworks) {
  Network cnn = network();
  ParameterArena training_arena(/*with_gradients=*/true);
  Plan training(cnn, batch_size, PlanMode::kTraining, training_arena);
  training_arena.load(cnn.parameters());
  forward(training);
  cnn.set_parameters(training_arena.store(training_arena.values()));

  ParameterArena arena(/*with_gradients=*/false);
  Plan plan(cnn, batch_size, PlanMode::kInference, arena);
  arena.load(cnn.parameters());
  forward(plan);
  expect_near(plan.logits(), floats(golden["inference_logits"]), 1e-5, 1e-5);
}

TEST_F(GoldenCnn, BFloat16StaysNearTheFramework) {
  if (!test::has_precision(Precision::kBFloat16)) GTEST_SKIP() << "this processor lacks bfloat16";
  const Network cnn = network();
  ParameterArena arena(/*with_gradients=*/true);
  Plan plan(cnn, batch_size, PlanMode::kTraining, arena, Precision::kBFloat16);
  arena.load(cnn.parameters());
  forward(plan);
  // A dozen layers, each of which rounds to 2^-9 of values around 1.
  expect_near(plan.logits(), floats(golden["logits"]), 0.04, 0.04);
  EXPECT_NEAR(loss(plan), golden["loss"].get<double>(), 0.02);
  plan.backward({});
  expect_parameters(arena.store(arena.gradients()), golden["gradients"], 0.03, 0.1);
  expect_parameters(arena.store(arena.values()), golden["running_statistics"], 0.01, 0.01);
}

}  // namespace
}  // namespace digitry
