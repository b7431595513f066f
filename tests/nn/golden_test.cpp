#include "tests/golden/golden.h"

#include <gtest/gtest.h>

#include <numeric>

#include "digitry/kernels/softmax_cross_entropy.h"
#include "digitry/nn/plan.h"
#include "tests/support/near.h"

// The same pass through an outside framework; see tests/golden/generate.py.

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

}  // namespace
}  // namespace digitry
