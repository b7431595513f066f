#include <gtest/gtest.h>

#include "digitry/evaluation/evaluate.h"
#include "digitry/nn/layers.h"
#include "digitry/training/fit.h"
#include "tests/support/blobs.h"
#include "tests/support/custom_layers.h"
#include "tests/support/errors.h"

// Training a network that a program has made, without a recipe's list of layers.

namespace digitry {
namespace {

using test::blobs;
using test::expect_error;

Network blob_network() {
  Network network({1, 8, 8});
  network.add(Flatten{}).add(Dense{.out_features = 16}).add(Relu{}).add(Dense{.out_features = 3});
  return network;
}

TEST(FitNetwork, IsTheSameAsTheRecipe) {
  const Dataset train = blobs(300);
  const Network network = blob_network();
  const Model model = fit(
      network, train, {.epochs = 3, .batch_size = 32, .optimizer = Adam{.learning_rate = 0.01}});
  Recipe recipe{.epochs = 3, .batch_size = 32, .optimizer = Adam{.learning_rate = 0.01}};
  recipe.layers = network.layer_attributes();
  EXPECT_EQ(model_to_bytes(model), model_to_bytes(fit(recipe, train)));
  EXPECT_TRUE(network.parameters().empty()) << "the network itself stays as it was";
  EXPECT_GT(evaluate(model, blobs(300, /*seed=*/9)).accuracy, 0.9);
}

TEST(FitNetwork, TrainsLayersOfTheProgramAndKeepsThemInAFile) {
  test::register_test_layers();
  const Dataset train = blobs(300);
  Network network({1, 8, 8});
  network.add(Conv2d{.out_channels = 4, .kernel_size = 5, .stride = 3})
      .add(test::ScaledSquare{})
      .add(Flatten{})
      .add(Dense{.out_features = 3});
  const Model model = fit(network, train, {.epochs = 6, .optimizer = Adam{.learning_rate = 0.02}});
  const Dataset test = blobs(300, /*seed=*/9);
  const Evaluation evaluation = evaluate(model, test);
  EXPECT_GT(evaluation.accuracy, 0.8);
  const Model read = model_from_bytes(model_to_bytes(model), "m");
  EXPECT_EQ(evaluate(read, test).num_correct, evaluation.num_correct);

  std::string unknown = model_to_bytes(model);
  // Like a program that does not know the layer: the name is replaced by another of equal length.
  for (std::size_t at; (at = unknown.find("scaled_square")) != std::string::npos;)
    unknown.replace(at, 13, "cubed_squares");
  expect_error(ErrorCode::kBadData, {"m: ", "layers[1]", "\"cubed_squares\"", "register_layer"},
               [&] { model_from_bytes(unknown, "m"); });
}

TEST(FitNetwork, RefusesWhatTheRecipeRefusesInTheSameWords) {
  const Dataset train = blobs(30);
  const std::vector<Recipe> impossible{{.epochs = 0},
                                       {.batch_size = 0},
                                       {.validation = 1},
                                       {.members = 0},
                                       {.precision = "f16"},
                                       {.label_smoothing = -1},
                                       {.optimizer = Adam{.learning_rate = -1}},
                                       {.schedule = OneCycle{.warmup = 2}},
                                       {.augmentation = AugmentOptions{.rotation = 1000}}};
  for (Recipe recipe : impossible) {
    std::string got;
    try {
      fit(blob_network(), train, recipe);
    } catch (const Error& error) {
      got = error.what();
    }
    recipe.layers = blob_network().layer_attributes();
    expect_error(ErrorCode::kBadData, {got}, [&] { fit(recipe, train); });
    EXPECT_NE(got, "");
  }
}

TEST(FitNetwork, RefusesNetworksThatDoNotFitTheImages) {
  const Dataset train = blobs(30);
  expect_error(ErrorCode::kInvalidArgument, {"at least one layer"}, [&] {
    fit(Network({1, 8, 8}), train, {});
  });
  Network larger({1, 9, 8});
  larger.add(Flatten{}).add(Dense{.out_features = 3});
  expect_error(ErrorCode::kShapeMismatch, {"[1,9,8]", "[1,8,8]", "blobs"},
               [&] { fit(larger, train); });
  Network other_classes({1, 8, 8});
  other_classes.add(Flatten{}).add(Dense{.out_features = 4});
  expect_error(ErrorCode::kShapeMismatch, {"expected", "[3]", "got [4]"},
               [&] { fit(other_classes, train); });
}

TEST(FitNetwork, RefusesWhatItWouldPassOver) {
  const Dataset train = blobs(30);
  Network network = blob_network();
  expect_error(ErrorCode::kInvalidArgument, {"recipe without layers", "got 1"},
               [&] { fit(network, train, {.layers = {Flatten{}}}); });
  network.initialize(1);
  expect_error(ErrorCode::kInvalidArgument, {"network without values"},
               [&] { fit(network, train); });
}

}  // namespace
}  // namespace digitry
