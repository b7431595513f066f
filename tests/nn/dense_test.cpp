#include "digitry/nn/layers/dense.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "digitry/nn/plan/plan.h"
#include "tests/cases/dense_cases.h"
#include "tests/reference/reference.h"
#include "tests/support/near.h"
#include "tests/support/networks.h"
#include "tests/support/values.h"

// Dense against the reference kernels: forward, and the gradients by weight, bias and input.

namespace digitry {
namespace {

namespace reference = kernels::reference;
using cases::DenseCase;
using test::expect_near;
using test::random_values;

// Sums of n products of standard normal values in float32: the error is a few ε√n.
double tolerance(std::int64_t summands) {
  return 1e-6 * (2 + std::sqrt(static_cast<double>(summands)));
}

struct DenseTest : ::testing::TestWithParam<DenseCase> {
  const DenseCase extents = GetParam();
  const reference::DenseShape shape{extents.batch_size, extents.in_features, extents.out_features};
  const std::vector<float> x = random_values(extents.batch_size * extents.in_features, 1);
  const std::vector<float> grad_y = random_values(extents.batch_size * extents.out_features, 2);

  std::vector<float> reference_forward(const Network& network, std::size_t layer,
                                       const std::vector<float>& from,
                                       const reference::DenseShape& layer_shape) const {
    std::vector<float> y(
        static_cast<std::size_t>(layer_shape.batch_size * layer_shape.out_features));
    reference::dense_forward(layer_shape, from, network.parameters()[2 * layer].value.as<float>(),
                             network.parameters()[2 * layer + 1].value.as<float>(), y);
    return y;
  }
};
INSTANTIATE_TEST_SUITE_P(Extents, DenseTest, ::testing::ValuesIn(cases::kDenseCases),
                         [](const auto& test) { return name_of(test.param); });

TEST_P(DenseTest, ForwardAndBackwardAreTheReference) {
  const Network network = test::random_network({extents.in_features}, extents.out_features,
                                               {test::dense(extents.out_features)});
  ParameterArena arena(/*with_gradients=*/true);
  Plan plan(network, extents.batch_size, PlanMode::kTraining, arena);
  arena.load(network.parameters());

  std::ranges::copy(x, plan.input().begin());
  plan.forward({});
  expect_near(plan.logits(), reference_forward(network, 0, x, shape),
              tolerance(extents.in_features), 1e-6);

  std::ranges::copy(grad_y, plan.logit_gradients().begin());
  plan.backward({});
  std::vector<float> grad_weight(network.parameters()[0].value.as<float>().size());
  std::vector<float> grad_bias(network.parameters()[1].value.as<float>().size());
  reference::dense_backward_weights(shape, x, grad_y, grad_weight, grad_bias);
  const auto gradients = arena.store(arena.gradients());
  expect_near(gradients[0].value.as<float>(), grad_weight, tolerance(extents.batch_size), 1e-6);
  expect_near(gradients[1].value.as<float>(), grad_bias, tolerance(extents.batch_size), 1e-6);
}

// Small batches use only the weights of nonzero values, large batches use all. Also with an arena
// whose layout a training plan chose.
TEST(Dense, OfFewImagesIsThatOfMany) {
  const Network network = test::random_network(
      {50}, 7, {test::dense(48), test::relu(), test::dense(32), test::dense(7)});
  const auto logits = [&](std::int64_t batch_size, bool trained) {
    ParameterArena arena(/*with_gradients=*/true);
    if (trained) Plan(network, 3, PlanMode::kTraining, arena);
    Plan plan(network, batch_size, PlanMode::kInference, arena);
    arena.load(network.parameters());
    std::ranges::copy(random_values(50 * batch_size, 4), plan.input().begin());
    plan.forward({});
    return std::vector<float>(plan.logits().begin(), plan.logits().begin() + 7);
  };
  const auto want = logits(64, false);
  for (const bool trained : {false, true})
    for (const std::int64_t batch_size : {1, 2, 8, 9})
      expect_near(logits(batch_size, trained), want, 1e-5, 1e-5);
}

// The gradient of the input is read from a dense layer before it: the bias gradient of that layer
// is its sum over the batch, and the weight gradient its product with the first input. The ReLU
// between them is computed inside the first layer's kernel.
TEST_P(DenseTest, GradientByTheInputReachesTheLayerBefore) {
  constexpr std::int64_t kInputs = 3;
  const Network network = test::random_network(
      {kInputs}, extents.out_features,
      {test::dense(extents.in_features), test::relu(), test::dense(extents.out_features)});
  ParameterArena arena(/*with_gradients=*/true);
  Plan plan(network, extents.batch_size, PlanMode::kTraining, arena);
  arena.load(network.parameters());
  const auto input = random_values(extents.batch_size * kInputs, 3);
  std::ranges::copy(input, plan.input().begin());
  plan.forward({});

  const reference::DenseShape first_shape{extents.batch_size, kInputs, extents.in_features};
  std::vector<float> hidden = reference_forward(network, 0, input, first_shape);
  reference::relu_forward(hidden);
  expect_near(plan.logits(), reference_forward(network, 1, hidden, shape),
              tolerance(extents.in_features), 1e-6);

  std::ranges::copy(grad_y, plan.logit_gradients().begin());
  plan.backward({});
  std::vector<float> grad_hidden(hidden.size());
  reference::dense_backward_data(shape, network.parameters()[2].value.as<float>(), grad_y,
                                 grad_hidden);
  reference::relu_backward(hidden, grad_hidden);
  std::vector<float> grad_weight(network.parameters()[0].value.as<float>().size());
  std::vector<float> grad_bias(network.parameters()[1].value.as<float>().size());
  reference::dense_backward_weights(first_shape, input, grad_hidden, grad_weight, grad_bias);
  const auto gradients = arena.store(arena.gradients());
  const double allowed =
      2 * tolerance(extents.out_features) * std::sqrt(static_cast<double>(extents.batch_size));
  expect_near(gradients[0].value.as<float>(), grad_weight, allowed, 1e-5);
  expect_near(gradients[1].value.as<float>(), grad_bias, allowed, 1e-5);
}

// The smaller last batch of an epoch has its own plan over the same parameters, whose layout the
// first plan chose.
TEST_P(DenseTest, SecondPlanOverTheSameArenaComputesTheSame) {
  const Network network = test::random_network({extents.in_features}, extents.out_features,
                                               {test::dense(extents.out_features)});
  ParameterArena arena(/*with_gradients=*/true);
  Plan other(network, extents.batch_size + 29, PlanMode::kTraining, arena);
  Plan plan(network, extents.batch_size, PlanMode::kTraining, arena);
  Plan inference(network, extents.batch_size, PlanMode::kInference, arena);
  arena.load(network.parameters());

  const auto want = reference_forward(network, 0, x, shape);
  for (Plan* each : {&plan, &inference}) {
    std::ranges::copy(x, each->input().begin());
    each->forward({});
    expect_near(each->logits(), want, tolerance(extents.in_features), 1e-6);
  }
  std::ranges::copy(grad_y, plan.logit_gradients().begin());
  plan.backward({});
  std::vector<float> grad_weight(network.parameters()[0].value.as<float>().size());
  std::vector<float> grad_bias(network.parameters()[1].value.as<float>().size());
  reference::dense_backward_weights(shape, x, grad_y, grad_weight, grad_bias);
  const auto gradients = arena.store(arena.gradients());
  expect_near(gradients[0].value.as<float>(), grad_weight, tolerance(extents.batch_size), 1e-6);
  expect_near(gradients[1].value.as<float>(), grad_bias, tolerance(extents.batch_size), 1e-6);
}

TEST(Dense, WantsOneRowAnImage) {
  const DenseLayer layer({.out_features = 10});
  EXPECT_EQ(layer.output_shape({784}), Shape{10});
  EXPECT_EQ(layer.multiply_adds({784}), 7840);
  EXPECT_EQ(layer.type(), "dense");
}

}  // namespace
}  // namespace digitry
