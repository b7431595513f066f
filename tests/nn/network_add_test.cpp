#include <gtest/gtest.h>

#include <utility>

#include "digitry/nn/layers.h"
#include "digitry/nn/network.h"
#include "digitry/nn/plan/plan.h"
#include "tests/support/errors.h"

// Networks made layer by layer: the same networks and the same errors as from a list.

namespace digitry {
namespace {

using test::expect_error;

void refuse_plan(const Network& network, ErrorCode code, const std::vector<std::string>& parts) {
  expect_error(code, parts, [&] {
    ParameterArena arena(/*with_gradients=*/false);
    const Plan plan(network, 1, PlanMode::kInference, arena);
  });
}

TEST(NetworkAdd, MakesTheNetworkOfTheList) {
  Network network({1, 8, 8});
  EXPECT_EQ(network.num_classes(), 0);
  network.add(Conv2d{.out_channels = 4}).add(Relu{}).add(MaxPool2d{}).add(Flatten{});
  network.add(Dropout{.rate = 0.5F}).add(Dense{.out_features = 10});
  const Network same({1, 8, 8}, 10, network.layer_attributes());
  EXPECT_EQ(network.layer_attributes(), same.layer_attributes());
  EXPECT_EQ(network.num_classes(), 10);
  EXPECT_EQ(network.num_parameters(), same.num_parameters());
  EXPECT_EQ(network.clone().layer_attributes(), same.layer_attributes());
  EXPECT_EQ(network.clone().num_classes(), 10);
}

TEST(NetworkAdd, RefusesWhatTheListRefusesInTheSameWords) {
  const std::vector<std::vector<Attributes>> impossible{
      {Flatten{}, Dense{.out_features = 0}},
      {Dense{.out_features = 10}},
      {Conv2d{.out_channels = 4, .kernel_size = 9}},
      {Relu{}, Add{.layers_back = 3}},
      {Conv2d{.out_channels = 4}, Add{.layers_back = 1}},
      {Flatten{}, Dense{.out_features = 1 << 20}, Dense{.out_features = 1 << 20}},
      {Relu{}, {{"type", std::string("dens")}}}};
  for (const std::vector<Attributes>& layers : impossible) {
    std::string want;
    try {
      const Network network({1, 8, 8}, 10, layers);
    } catch (const Error& error) {
      want = error.what();
    }
    ASSERT_NE(want, "");
    Network network({1, 8, 8});
    for (std::size_t i = 0; i + 1 < layers.size(); ++i) network.add(layers[i]);
    const std::vector<Attributes> before = network.layer_attributes();
    try {
      network.add(layers.back());
      ADD_FAILURE() << "not refused: " << want;
    } catch (const Error& error) {
      EXPECT_EQ(error.what(), want);
    }
    EXPECT_EQ(network.layer_attributes(), before) << "as if it had not been tried";
    network.add(Tanh{});
    EXPECT_EQ(network.layers().size(), layers.size());
  }
}

TEST(NetworkAdd, NamesTheLayerAndBothShapes) {
  Network network({1, 28, 28});
  network.add(Conv2d{.out_channels = 4});
  expect_error(ErrorCode::kShapeMismatch,
               {"layers[1]: dense: expected [features], got [4,26,26]", "flatten"},
               [&] { network.add(Dense{.out_features = 10}); });
}

TEST(NetworkAdd, KnowsNoNumberOfClasses) {
  Network network({4});
  expect_error(ErrorCode::kBadData, {"layers[0] (dense): 'out_features'", "\"classes\""}, [&] {
    network.add({{"type", std::string("dense")}, {"out_features", std::string("classes")}});
  });
}

TEST(NetworkAdd, RefusesLayersBehindValuesAndTooMany) {
  Network network({4});
  network.add(Dense{.out_features = 3});
  network.initialize(1);
  expect_error(ErrorCode::kInvalidArgument, {"1 layers", "before initialize"},
               [&] { network.add(Relu{}); });
  Network deep({4});
  for (int i = 0; i < 1000; ++i) deep.add(Relu{});
  expect_error(ErrorCode::kBadData, {"1 to 1000, got 1001"}, [&] { deep.add(Relu{}); });
}

TEST(NetworkAdd, PlansNoNetworkThatIsNotComplete) {
  Network network({1, 4, 4});
  refuse_plan(network, ErrorCode::kInvalidArgument, {"at least one layer"});
  network.add(Flatten{});
  refuse_plan(network, ErrorCode::kBadData, {"layer with parameters"});
  Network images({1, 4, 4});
  images.add(Conv2d{.out_channels = 2});
  refuse_plan(images, ErrorCode::kShapeMismatch, {"one logit per class", "[2,2,2]"});
}

TEST(Network, IsRefusedOnceItWasMovedFrom) {
  Network network({4});
  network.add(Dense{.out_features = 3});
  const Network taken = std::move(network);
  EXPECT_EQ(taken.layers().size(), 1U);
  // NOLINTBEGIN(bugprone-use-after-move): what is tested.
  expect_error(ErrorCode::kInvalidArgument, {"moved from"}, [&] { network.add(Relu{}); });
  refuse_plan(network, ErrorCode::kInvalidArgument, {"moved from"});
  // NOLINTEND(bugprone-use-after-move)
}

}  // namespace
}  // namespace digitry
