#include "digitry/nn/custom_layer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "digitry/nn/layers.h"
#include "tests/support/custom_layers.h"
#include "tests/support/errors.h"
#include "tests/support/gradient_check.h"
#include "tests/support/near.h"
#include "tests/support/networks.h"
#include "tests/support/planned_layers.h"
#include "tests/support/values.h"

// Layers written outside the library: planned between those of the library, made from recipes.

namespace digitry {
namespace {

using test::check_gradients;
using test::expect_error;
using test::ScaledSquare;

class CustomLayerTest : public testing::Test {
 protected:
  CustomLayerTest() { test::register_test_layers(); }
};

// y = scale[c] · x² + shift[c], after a layer with any memory layout.
TEST_F(CustomLayerTest, ComputesBetweenOtherLayers) {
  for (const Precision precision : {Precision::kFloat32, Precision::kBFloat16}) {
    if (!test::has_precision(precision)) continue;
    const auto run = [&](const std::vector<Attributes>& layers) {
      ParameterArena arena(/*with_gradients=*/false);
      test::PlannedLayers planned(layers, {2, 6, 5}, 3, PlanMode::kInference, arena, precision);
      std::vector<float> y = planned.forward(test::random_values(3 * 2 * 6 * 5, 1));
      return std::pair(y, copy_of(planned.parameters()));
    };
    const std::vector<Attributes> conv{Conv2d{.out_channels = 8, .padding = 1}};
    std::vector<Attributes> both = conv;
    both.emplace_back(ScaledSquare{});
    const auto [x, conv_parameters] = run(conv);
    const auto [y, parameters] = run(both);
    const auto scale = test::values_of(parameters, "2.scale");
    const auto shift = test::values_of(parameters, "2.shift");
    std::vector<float> want(x.size());
    for (std::size_t i = 0; i < x.size(); ++i)
      want[i] = scale[i / 30 % 8] * x[i] * x[i] + shift[i / 30 % 8];
    const double tolerance = precision == Precision::kFloat32 ? 1e-5 : 2e-2;
    test::expect_near(y, want, tolerance, tolerance);
  }
}

TEST_F(CustomLayerTest, HasTheGradientThatItsBackwardPassComputes) {
  check_gradients({2, 5, 4},
                  {Conv2d{.out_channels = 3, .padding = 1}, Tanh{}, ScaledSquare{}, Flatten{},
                   Dense{.out_features = 3}},
                  4, 1);
}

// ScaledSquare adds to its gradients, which are zero before each call.
TEST_F(CustomLayerTest, StartsEachStepWithoutGradients) {
  const Network network = test::random_network({4}, 3, {Dense{.out_features = 3}, ScaledSquare{}});
  test::PlannedNetwork planned(network, test::random_batch(network, 4, 6));
  const std::vector<Parameter> first = planned.gradients();
  const std::vector<Parameter> second = planned.gradients();
  for (std::size_t i = 0; i < first.size(); ++i)
    EXPECT_TRUE(test::same_bits(first[i].value.as<float>(), second[i].value.as<float>()))
        << first[i].name;
}

// One object serves plans of any batch size, on any thread.
TEST_F(CustomLayerTest, ComputesTheSameInEveryBatchAndOnEveryThread) {
  const Network network = test::random_network(
      {2, 5, 4}, 3,
      {Conv2d{.out_channels = 8}, ScaledSquare{}, Relu{}, Flatten{}, Dense{.out_features = 3}});
  const std::vector<float> input = test::random_values(6 * 40, 7);
  const auto logits = [&](std::size_t batch_size) {
    ParameterArena arena(/*with_gradients=*/false);
    Plan plan(network, static_cast<std::int64_t>(batch_size), PlanMode::kInference, arena);
    arena.load(network.parameters());
    std::vector<float> all;
    for (std::size_t at = 0; at < input.size(); at += plan.input().size()) {
      std::ranges::copy(std::span(input).subspan(at, plan.input().size()), plan.input().begin());
      plan.forward({});
      all.insert(all.end(), plan.logits().begin(), plan.logits().end());
    }
    return all;
  };
  const std::vector<float> want = logits(6);
  std::vector<std::vector<float>> got(4);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < got.size(); ++i)
    threads.emplace_back([&, i] { got[i] = logits(i < 3 ? i + 1 : 6); });
  for (std::thread& thread : threads) thread.join();
  for (const std::vector<float>& one : got) test::expect_near(one, want, 1e-5, 1e-5);
}

TEST_F(CustomLayerTest, MayBeTheFirstLayerOrTheLast) {
  check_gradients({2, 3, 4}, {ScaledSquare{}, Flatten{}, Dense{.out_features = 3}}, 4, 2);
  check_gradients({4}, {Dense{.out_features = 3}, ScaledSquare{}}, 4, 3);
}

TEST_F(CustomLayerTest, MayBeFollowedByLayersThatWorkInPlace) {
  check_gradients({3, 4, 4},
                  {Conv2d{.out_channels = 4}, Tanh{}, ScaledSquare{}, Relu{}, Dropout{.rate = 0.2F},
                   Flatten{}, Dense{.out_features = 3}},
                  3, 4, {.seed = 3, .step = 1});
}

// Tanh keeps values small: in squares of squares, rounding errors would exceed the differences.
TEST_F(CustomLayerTest, MayBePartOfAResidualBlock) {
  check_gradients({2, 4, 4},
                  {Conv2d{.out_channels = 4, .padding = 1}, Tanh{}, ScaledSquare{},
                   Conv2d{.out_channels = 4, .padding = 1}, Add{.layers_back = 2}, Tanh{},
                   ScaledSquare{}, GlobalAvgPool2d{}, Dense{.out_features = 3}},
                  3, 5);
}

// Parameters of rank 1 are stored with the biases and trained like all others.
TEST_F(CustomLayerTest, IsPartOfTheNetwork) {
  Network network({2, 4, 4}, 3, {ScaledSquare{}, Flatten{}, Dense{.out_features = 3}});
  network.initialize(1);
  ASSERT_EQ(network.parameters().size(), 4U);
  EXPECT_EQ(network.parameters()[0].name, "0.scale");
  EXPECT_EQ(network.parameters()[0].value.as<float>()[0], 1);
  EXPECT_EQ(network.parameters()[1].value.as<float>()[0], 0);
  EXPECT_EQ(network.summary()[0].name, "0 scaled_square");
  EXPECT_EQ(network.summary()[0].num_parameters, 4);
  EXPECT_EQ(network.summary()[0].multiply_adds, 2 * 2 * 16);
  EXPECT_EQ(network.layer_attributes()[0], Attributes(ScaledSquare{}));
  EXPECT_EQ(network.clone().layer_attributes(), network.layer_attributes());

  ParameterArena arena(/*with_gradients=*/true);
  const Plan plan(network, 2, PlanMode::kTraining, arena);
  EXPECT_EQ(plan.forward_operations()[0].kernel, "custom");
  EXPECT_EQ(plan.forward_operations()[0].layer, "0 scaled_square");
}

// A plan may outlive its network and the layer object that the network was made from.
TEST_F(CustomLayerTest, LivesAsLongAsThePlan) {
  ParameterArena arena(/*with_gradients=*/false);
  std::optional<Plan> plan;
  {
    Network network({1, 2, 2}, 4, {ScaledSquare{}, Flatten{}});
    network.initialize(1);
    plan.emplace(network, 1, PlanMode::kInference, arena);
    arena.load(network.parameters());
  }
  std::ranges::copy(std::vector<float>{1, 2, 3, 4}, plan->input().begin());
  plan->forward({});
  test::expect_near(plan->logits(), std::vector<float>{1, 4, 9, 16}, 1e-6, 0);
}

TEST_F(CustomLayerTest, IsMadeOfItsOptions) {
  const Attributes options = ScaledSquare(0.5F);
  EXPECT_EQ(options.at("type"), AttributeValue{std::string("scaled_square")});
  EXPECT_EQ(options.at("factor"), AttributeValue{0.5});
  EXPECT_EQ(to_attributes(*make_layer(options, 1, "layers[0]")), options);
  expect_error(ErrorCode::kBadData, {"layers[0] (scaled_square)", "'factor'", "got -1"},
               [] { make_layer(ScaledSquare(-1), 1, "layers[0]"); });
  expect_error(ErrorCode::kBadData, {"layers[0] (scaled_square)", "unknown key 'power'"}, [] {
    make_layer({{"type", std::string("scaled_square")}, {"power", 3.0}}, 1, "layers[0]");
  });
}

TEST_F(CustomLayerTest, IsUnknownWithoutBeingRegistered) {
  expect_error(
      ErrorCode::kBadData,
      {"layers[2]: 'type'", "add, avg_pool2d", "scaled_square", "\"squared\"", "register_layer"},
      [] {
        make_layer({{"type", std::string("squared")}}, 1, "layers[2]");
      });
}

TEST_F(CustomLayerTest, RefusesShapesInItsOwnWords) {
  Network network(Shape{3, 4, 4});
  expect_error(ErrorCode::kShapeMismatch,
               {"layers[0]: scaled_square: expected at most 2 channels, got [3,4,4]"},
               [&] { network.add(test::ScaledSquare(1, /*most_channels=*/2)); });
}

TEST(RegisterLayer, RefusesNamesThatAreTakenOrImpossible) {
  test::register_test_layers();
  const auto make = [](AttributeReader&) { return std::make_unique<ScaledSquare>(); };
  for (const char* name : {"dense", "scaled_square"})
    expect_error(ErrorCode::kInvalidArgument, {name, "already"},
                 [&] { register_layer(name, make); });
  for (const char* name : {"", "Square", "a b", "x\n", "\xC3\xA4"})
    expect_error(ErrorCode::kInvalidArgument, {"a-z"}, [&] { register_layer(name, make); });
  expect_error(ErrorCode::kInvalidArgument, {"'nothing'", "expected a function"},
               [] { register_layer("nothing", nullptr); });
}

TEST(RegisterLayer, RefusesFunctionsThatMakeSomethingElse) {
  register_layer("makes_none", [](AttributeReader&) { return nullptr; });
  register_layer("makes_other", [](AttributeReader&) { return std::make_unique<ScaledSquare>(); });
  expect_error(ErrorCode::kInvalidArgument, {"'makes_none'", "none"}, [] {
    make_layer({{"type", std::string("makes_none")}}, 1, "layers[0]");
  });
  expect_error(ErrorCode::kInvalidArgument, {"'makes_other'", "'scaled_square'"}, [] {
    make_layer({{"type", std::string("makes_other")}}, 1, "layers[0]");
  });
}

}  // namespace
}  // namespace digitry
