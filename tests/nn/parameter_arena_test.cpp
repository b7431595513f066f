#include <gtest/gtest.h>

#include <algorithm>

#include "digitry/nn/parameter.h"
#include "digitry/nn/plan/plan.h"
#include "tests/support/errors.h"
#include "tests/support/near.h"
#include "tests/support/networks.h"

namespace digitry {
namespace {

using test::dense;
using test::expect_error;
using test::relu;

// Odd sizes, so that blocked layouts have padding.
Network odd_network() { return test::random_network({13}, 7, {dense(37), relu(), dense(7)}); }

TEST(ParameterArena, StoresWhatItLoaded) {
  const Network network = odd_network();
  ParameterArena arena(/*with_gradients=*/true);
  const Plan plan(network, 64, PlanMode::kTraining, arena);
  arena.load(network.parameters());
  const auto stored = arena.store(arena.values());
  ASSERT_EQ(stored.size(), network.parameters().size());
  for (std::size_t i = 0; i < stored.size(); ++i) {
    EXPECT_EQ(stored[i].name, network.parameters()[i].name);
    EXPECT_TRUE(
        test::same_bits(stored[i].value.as<float>(), network.parameters()[i].value.as<float>()));
  }
}

TEST(ParameterArena, LoadsAnArrayLaidOutLikeTheValues) {
  const Network network = odd_network();
  ParameterArena arena(/*with_gradients=*/true);
  const Plan plan(network, 64, PlanMode::kTraining, arena);
  std::vector<float> state(arena.values().size());
  arena.load(network.parameters(), state);
  const auto stored = arena.store(state);
  EXPECT_TRUE(
      test::same_bits(stored[2].value.as<float>(), network.parameters()[2].value.as<float>()));
  EXPECT_TRUE(std::ranges::all_of(arena.values(), [](float v) { return v == 0; }));
}

TEST(ParameterArena, PaddingIsZeroAndHasNoGradient) {
  const Network network = odd_network();
  ParameterArena arena(/*with_gradients=*/true);
  Plan plan(network, 64, PlanMode::kTraining, arena);
  // All ones, so that every 0 in the arena is padding.
  std::vector<Parameter> ones;
  for (const Parameter& parameter : network.parameters()) {
    ones.push_back({parameter.name, Tensor(parameter.value.shape(), DType::kF32)});
    std::ranges::fill(ones.back().value.as<float>(), 1.0F);
  }
  arena.load(ones);
  const auto count = std::ranges::count(arena.values(), 1.0F);
  EXPECT_EQ(count, network.num_parameters());
  std::ranges::fill(plan.input(), 1.0F);
  plan.forward({});
  std::ranges::fill(plan.logit_gradients(), 1.0F);
  plan.backward({});
  for (std::size_t i = 0; i < arena.values().size(); ++i) {
    if (arena.values()[i] == 0) {
      EXPECT_EQ(arena.gradients()[i], 0) << i;
    }
  }
}

TEST(ParameterArena, PutsWeightsFirst) {
  const Network network = odd_network();
  ParameterArena arena(/*with_gradients=*/true);
  EXPECT_EQ(arena.num_weight_values(), 0u);
  const Plan plan(network, 64, PlanMode::kTraining, arena);
  // Ones in the weights, twos in the biases, zeros in the padding of either.
  std::vector<Parameter> marked = copy_of(network.parameters());
  std::size_t num_weights = 0;
  for (Parameter& parameter : marked) {
    const bool weight = parameter.value.shape().rank() >= 2;
    std::ranges::fill(parameter.value.as<float>(), weight ? 1.0F : 2.0F);
    if (weight) num_weights += parameter.value.as<float>().size();
  }
  arena.load(marked);
  const auto weights = arena.values().first(arena.num_weight_values());
  const auto others = arena.values().subspan(arena.num_weight_values());
  EXPECT_EQ(std::ranges::count(weights, 1.0F), num_weights);
  EXPECT_EQ(std::ranges::count(weights, 2.0F), 0);
  EXPECT_EQ(std::ranges::count(others, 1.0F), 0);
  EXPECT_EQ(std::ranges::count(others, 2.0F), 37 + 7);
}

TEST(ParameterArena, RefusesParametersOfAnotherNetwork) {
  const Network network = odd_network();
  ParameterArena arena(/*with_gradients=*/false);
  const Plan plan(network, 4, PlanMode::kInference, arena);
  const Network fewer = test::random_network({13}, 7, {dense(7)});
  expect_error(ErrorCode::kShapeMismatch, {"expected 4 parameters, got 2"},
               [&] { arena.load(fewer.parameters()); });
  const Network wider = test::random_network({13}, 7, {dense(38), relu(), dense(7)});
  expect_error(ErrorCode::kShapeMismatch, {"'0.weight': expected [37,13], got [38,13]"},
               [&] { arena.load(wider.parameters()); });
  const Network renamed = test::random_network({13}, 7, {dense(37), dense(7)});
  expect_error(ErrorCode::kShapeMismatch, {"'1.weight' is not part of this network"},
               [&] { arena.load(renamed.parameters()); });
}

TEST(ParameterArena, RefusesThePlanOfAnotherNetwork) {
  ParameterArena arena(/*with_gradients=*/false);
  const Plan plan(odd_network(), 4, PlanMode::kInference, arena);
  expect_error(ErrorCode::kShapeMismatch, {"'0.weight'", "[37,13]", "[38,13]"}, [&] {
    Plan(test::random_network({13}, 7, {dense(38), relu(), dense(7)}), 4, PlanMode::kInference,
         arena);
  });
  expect_error(ErrorCode::kShapeMismatch, {"'1.weight' is not part of this network"}, [&] {
    Plan(test::random_network({13}, 7, {dense(37), dense(7)}), 4, PlanMode::kInference, arena);
  });
}

}  // namespace
}  // namespace digitry
