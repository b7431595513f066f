#include "digitry/nn/plan.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/errors.h"
#include "tests/support/near.h"
#include "tests/support/networks.h"
#include "tests/support/values.h"

namespace digitry {
namespace {

using test::dense;
using test::dropout;
using test::flatten;
using test::relu;
using test::same_bits;

constexpr std::int64_t kBatch = 16;

const std::vector<Options> kLayers{flatten(),    dropout(0.3), dense(40), relu(),
                                   dropout(0.5), dense(24),    relu(),    dense(10)};

Network some_network() { return test::random_network({1, 6, 6}, 10, kLayers); }

std::vector<float> logits(Plan& plan, const StepContext& context = {}) {
  std::ranges::copy(test::random_values(std::ssize(plan.input()), 1), plan.input().begin());
  plan.forward(context);
  return {plan.logits().begin(), plan.logits().end()};
}

TEST(Plan, InferenceLeavesDropoutOut) {
  const Network network = some_network();
  const Network without = test::random_network(
      {1, 6, 6}, 10,
      {flatten(), flatten(), dense(40), relu(), flatten(), dense(24), relu(), dense(10)});
  ParameterArena arena(false);
  ParameterArena arena_without(false);
  Plan plan(network, kBatch, PlanMode::kInference, arena);
  Plan plan_without(without, kBatch, PlanMode::kInference, arena_without);
  arena.load(network.parameters());
  arena_without.load(network.parameters());
  const auto first = logits(plan);
  EXPECT_TRUE(same_bits(first, logits(plan_without)));
  EXPECT_TRUE(same_bits(first, logits(plan, {.seed = 3, .step = 9})));
  EXPECT_TRUE(plan.backward_operations().empty());
}

TEST(Plan, TrainingDrawsDropoutFromTheStepContext) {
  const Network network = some_network();
  ParameterArena arena(true);
  Plan plan(network, kBatch, PlanMode::kTraining, arena);
  arena.load(network.parameters());
  const auto first = logits(plan, {.seed = 1, .step = 1});
  EXPECT_TRUE(same_bits(first, logits(plan, {.seed = 1, .step = 1})));
  EXPECT_FALSE(same_bits(first, logits(plan, {.seed = 1, .step = 2})));
  EXPECT_FALSE(same_bits(first, logits(plan, {.seed = 2, .step = 1})));
}

TEST(Plan, ComputesTheSameAtEveryNumberOfThreads) {
  const Network network = some_network();
  std::vector<float> first;
  for (const int threads : {1, 2}) {
    const test::WithThreads scope(threads);
    ParameterArena arena(true);
    Plan plan(network, kBatch, PlanMode::kTraining, arena);
    arena.load(network.parameters());
    const auto values = logits(plan, {.seed = 1, .step = 1});
    if (first.empty()) first = values;
    // Matrix products may be cut differently, so not bit for bit.
    test::expect_near(values, first, 1e-5, 1e-5);
  }
}

TEST(Plan, OutlivesItsNetwork) {
  ParameterArena arena(true);
  auto network = std::make_unique<Network>(some_network());
  Plan plan(*network, kBatch, PlanMode::kTraining, arena);
  arena.load(network->parameters());
  const auto before = logits(plan, {.seed = 1, .step = 1});
  network.reset();
  EXPECT_TRUE(same_bits(before, logits(plan, {.seed = 1, .step = 1})));
  plan.backward({.seed = 1, .step = 1});
}

TEST(Plan, TellsWhichKernelsRunAndWhatTheyCost) {
  const Network network = some_network();
  ParameterArena arena(true);
  const Plan plan(network, kBatch, PlanMode::kTraining, arena);
  double forward = 0;
  for (const Operation& operation : plan.forward_operations()) {
    EXPECT_FALSE(operation.kernel.empty());
    EXPECT_FALSE(operation.layer.empty());
    forward += operation.flops;
  }
  double backward = 0;
  for (const Operation& operation : plan.backward_operations()) backward += operation.flops;
  double multiply_adds = 0;
  for (const LayerSummary& layer : network.summary())
    multiply_adds += static_cast<double>(layer.multiply_adds);
  EXPECT_EQ(forward, 2 * multiply_adds * kBatch);
  // Twice, but that nobody wants the gradient by the pixels.
  EXPECT_EQ(backward, 2 * forward - 2.0 * 36 * 40 * kBatch);
}

TEST(Plan, ReluIsComputedInsideTheDenseKernel) {
  const Network network = some_network();
  ParameterArena arena(false);
  const Plan plan(network, kBatch, PlanMode::kInference, arena);
  const auto& operations = plan.forward_operations();
  EXPECT_EQ(std::ranges::count(operations, "relu", &Operation::kernel), 0);
  EXPECT_EQ(std::ranges::count(operations, "copy", &Operation::kernel), 0);
}

TEST(Plan, RefusesImpossibleBatches) {
  const Network network = some_network();
  for (const std::int64_t size : {-1, 0, 65537})
    test::expect_error(ErrorCode::kInvalidArgument, {"batch_size", std::to_string(size)}, [&] {
      ParameterArena arena(false);
      Plan(network, size, PlanMode::kInference, arena);
    });
}

}  // namespace
}  // namespace digitry
