#include "digitry/nn/plan/plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <thread>

#include "digitry/base/parallel.h"
#include "tests/support/errors.h"
#include "tests/support/near.h"
#include "tests/support/networks.h"
#include "tests/support/planned_layers.h"
#include "tests/support/values.h"

namespace digitry {
namespace {

using test::dense;
using test::dropout;
using test::flatten;
using test::relu;
using test::same_bits;

constexpr std::int64_t kBatch = 16;

const std::vector<Attributes> kLayers{flatten(),    dropout(0.3), dense(40), relu(),
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

// A server plans on one thread and runs the plan on others; oneDNN's own scratchpad belongs to the
// thread that made a kernel. Grouped convolutions are computed by matrix products that need one.
TEST(Plan, RunsOnOtherThreadsWithAnyNumberOfThreads) {
  const Network network = test::random_network(
      {12, 9, 9}, 5,
      {test::conv2d({.out_channels = 12, .padding = 1, .groups = 3}), relu(),
       test::conv2d({.out_channels = 32, .padding = 1}), relu(), test::max_pool2d(),
       test::conv2d({.out_channels = 32, .kernel_size = 3}), flatten(), dense(64), relu(),
       dense(5)});
  for (const PlanMode mode : {PlanMode::kInference, PlanMode::kTraining}) {
    for (const int planned : {1, 3}) {
      ParameterArena arena(mode == PlanMode::kTraining);
      std::unique_ptr<Plan> plan;
      // The thread that plans has ended before the plan runs.
      std::thread([&] {
        set_num_threads(planned);
        plan = std::make_unique<Plan>(network, kBatch, mode, arena);
        arena.load(network.parameters());
      }).join();
      const auto here = logits(*plan);
      for (const int running : {1, 2, 5}) {
        std::vector<float> there;
        std::thread([&] {
          set_num_threads(running);
          there = logits(*plan);
          if (mode == PlanMode::kTraining) plan->backward({});
          EXPECT_EQ(num_threads(), running) << "as it was";
        }).join();
        EXPECT_TRUE(same_bits(here, there)) << planned << " threads, run with " << running;
      }
    }
  }
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
    const ScopedNumThreads scope(threads);
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
    if (operation.flops > 0) {
      EXPECT_FALSE(operation.why.empty()) << operation.kernel;
    }
    forward += operation.flops;
  }
  double backward = 0;
  for (const Operation& operation : plan.backward_operations()) backward += operation.flops;
  double multiply_adds = 0;
  for (const LayerSummary& layer : network.summary())
    multiply_adds += static_cast<double>(layer.multiply_adds);
  EXPECT_EQ(forward, 2 * multiply_adds * kBatch);
  // Twice as many, except that the gradient of the pixels is not computed.
  EXPECT_EQ(backward, 2 * forward - 2.0 * 36 * 40 * kBatch);
}

TEST(Plan, ReluIsComputedInsideTheDenseKernel) {
  const Network network = some_network();
  ParameterArena arena(false);
  const Plan plan(network, kBatch, PlanMode::kInference, arena);
  const auto& operations = plan.forward_operations();
  EXPECT_EQ(std::ranges::count(operations, "relu", &Operation::kernel), 0);
  EXPECT_EQ(std::ranges::count(operations, "reorder", &Operation::kernel), 0);
}

TEST(Plan, RefusesImpossibleBatches) {
  const Network network = some_network();
  for (const std::int64_t size : {-1, 0, 65537})
    test::expect_error(ErrorCode::kInvalidArgument, {"batch_size", std::to_string(size)}, [&] {
      ParameterArena arena(false);
      Plan(network, size, PlanMode::kInference, arena);
    });
}

Network some_cnn(bool norm) {
  std::vector<Attributes> layers{test::conv2d({.out_channels = 16, .padding = 1}),
                                 relu(),
                                 test::max_pool2d(),
                                 test::conv2d({.out_channels = 16, .padding = 1}),
                                 relu(),
                                 test::add(2),
                                 test::layer("gelu"),
                                 test::avg_pool2d({.kernel_size = 3, .stride = 2, .padding = 1}),
                                 flatten(),
                                 dense(10)};
  if (norm) layers.insert(layers.begin() + 4, test::batch_norm());
  if (norm) layers[6] = test::add(3);
  return test::random_network({1, 12, 12}, 10, layers);
}

TEST(Plan, InferenceComputesWhatTrainingDoes) {
  const Network network = some_cnn(/*norm=*/false);
  for (const Precision precision : {Precision::kFloat32, Precision::kBFloat16}) {
    if (!test::has_precision(precision)) continue;
    ParameterArena arena(true);
    Plan training(network, kBatch, PlanMode::kTraining, arena, precision);
    Plan inference(network, kBatch, PlanMode::kInference, arena, precision);
    arena.load(network.parameters());
    const double allowed = precision == Precision::kBFloat16 ? 0.05 : 1e-5;
    test::expect_near(logits(inference), logits(training), allowed, allowed);
  }
}

TEST(Plan, BFloat16StaysNearFloat32) {
  if (!test::has_precision(Precision::kBFloat16)) GTEST_SKIP() << "this processor lacks bfloat16";
  for (const PlanMode mode : {PlanMode::kTraining, PlanMode::kInference}) {
    const Network network = some_cnn(/*norm=*/true);
    ParameterArena arena(true);
    Plan exact(network, kBatch, mode, arena);
    ParameterArena other(true);
    Plan rounded(network, kBatch, mode, other, Precision::kBFloat16);
    arena.load(network.parameters());
    other.load(network.parameters());
    const auto want = logits(exact);
    const auto got = logits(rounded);
    test::expect_near(got, want, 0.1, 0.05);
    EXPECT_FALSE(same_bits(got, want));
  }
}

TEST(Plan, RefusesAPrecisionThatTheProcessorLacks) {
  if (test::has_precision(Precision::kBFloat16)) GTEST_SKIP() << "this processor has bfloat16";
  test::expect_error(ErrorCode::kInvalidArgument, {"precision bf16", "f32"}, [] {
    ParameterArena arena(false);
    Plan(some_network(), 1, PlanMode::kInference, arena, Precision::kBFloat16);
  });
}

TEST(Plan, InferenceTakesUpParametersThatWereLoaded) {
  // The folded batch normalisation is computed again.
  const Network one = some_cnn(/*norm=*/true);
  Network two = some_cnn(/*norm=*/true);
  two.initialize(7);
  ParameterArena arena(false);
  Plan plan(one, kBatch, PlanMode::kInference, arena);
  arena.load(one.parameters());
  const auto first = logits(plan);
  arena.load(two.parameters());
  const auto second = logits(plan);
  EXPECT_FALSE(same_bits(second, first));
  ParameterArena fresh_arena(false);
  Plan fresh(two, kBatch, PlanMode::kInference, fresh_arena);
  fresh_arena.load(two.parameters());
  EXPECT_TRUE(same_bits(logits(fresh), second));
  arena.load(one.parameters());
  EXPECT_TRUE(same_bits(logits(plan), first));
}

TEST(Plan, OfConvolutionsComputesTheSameAtEveryNumberOfThreads) {
  const Network network = some_cnn(/*norm=*/true);
  std::vector<std::vector<float>> first;
  for (const int threads : {1, 2, 3}) {
    const ScopedNumThreads scope(threads);
    ParameterArena arena(true);
    Plan plan(network, kBatch, PlanMode::kTraining, arena);
    arena.load(network.parameters());
    std::vector<std::vector<float>> got{logits(plan)};
    std::ranges::copy(test::random_values(std::ssize(plan.logits()), 2),
                      plan.logit_gradients().begin());
    plan.backward({});
    for (const Parameter& gradient : arena.store(arena.gradients()))
      got.emplace_back(gradient.value.as<float>().begin(), gradient.value.as<float>().end());
    if (first.empty()) first = got;
    for (std::size_t i = 0; i < got.size(); ++i) test::expect_near(got[i], first[i], 1e-4, 1e-4);
  }
}

}  // namespace
}  // namespace digitry
