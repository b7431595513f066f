#include "digitry/training/fit.h"

#include <gtest/gtest.h>

#include "digitry/evaluation/evaluate.h"
#include "digitry/model_io/model.h"
#include "digitry/nn/layers.h"
#include "tests/support/blobs.h"
#include "tests/support/errors.h"

// The typed API from images to a model and its evaluation.

namespace digitry {
namespace {

using test::blobs;
using test::expect_error;

Recipe typed_recipe() {
  Recipe recipe;
  recipe.name = "blobs";
  recipe.layers = {Flatten{}, Dense{.out_features = 16}, Relu{}, Dropout{.rate = 0.1F},
                   Dense{.out_features = 3}};
  recipe.optimizer = Adam{.learning_rate = 0.01};
  recipe.schedule = OneCycle{};
  recipe.augmentation = AugmentOptions{.translation = 0.5};
  recipe.epochs = 6;
  recipe.batch_size = 32;
  recipe.seed = 3;
  return recipe;
}

TEST(Fit, MakesACalibratedModelThatEvaluates) {
  const Dataset train = blobs(600);
  std::int64_t num_epochs = 0;
  const Model model =
      fit(typed_recipe(), train, {.on_epoch = [&](const EpochRecord&, bool) { ++num_epochs; }});
  EXPECT_EQ(num_epochs, 6);
  EXPECT_EQ(model.class_names, train.class_names);
  EXPECT_EQ(model.provenance.at("data_sha256"), train.sha256);
  EXPECT_NE(model.temperature, 1);
  EXPECT_FALSE(model.members.front().prototypes.empty());
  const Evaluation evaluation = evaluate(model, blobs(300, /*seed=*/99));
  EXPECT_GT(evaluation.accuracy, 0.97);
  EXPECT_EQ(evaluation.temperature, static_cast<double>(model.temperature));
}

TEST(Fit, GivesTheSameModelAgain) {
  const Dataset train = blobs(200);
  Recipe recipe = typed_recipe();
  recipe.epochs = 2;
  EXPECT_EQ(model_to_bytes(fit(recipe, train)), model_to_bytes(fit(recipe, train)));
}

TEST(Fit, TrainsAsManyNetworksAsTheRecipeHas) {
  const Dataset train = blobs(200);
  Recipe recipe = typed_recipe();
  recipe.epochs = 2;
  recipe.members = 2;
  recipe.tta = {.translation = 1.0};
  const Model model = fit(recipe, train);
  ASSERT_EQ(model.members.size(), 2U);
  EXPECT_EQ(model.tta.translation, 1);
  EXPECT_NE(model_to_bytes(fit(member_recipe(recipe, 0), train)),
            model_to_bytes(fit(member_recipe(recipe, 1), train)));
}

TEST(Fit, KeepsWhatWasLearntWhenItIsStopped) {
  int steps = 0;
  const Model model =
      fit(typed_recipe(), blobs(200), {.should_stop = [&] { return ++steps == 2; }});
  EXPECT_EQ(steps, 2);
  EXPECT_FALSE(model.members.front().network.parameters().empty());
}

TEST(Fit, RefusesWhatTheRecipeRefuses) {
  const Dataset train = blobs(30);
  Recipe recipe = typed_recipe();
  recipe.layers[1] = Dense{.out_features = 0};
  expect_error(ErrorCode::kBadData, {"layers[1] (dense)", "out_features"},
               [&] { fit(recipe, train); });
  recipe.layers = {Dense{.out_features = 3}};
  expect_error(ErrorCode::kShapeMismatch, {"[1,8,8]"}, [&] { fit(recipe, train); });
  recipe = typed_recipe();
  recipe.members = 0;
  expect_error(ErrorCode::kBadData, {"members", "0"}, [&] { fit(recipe, train); });
  recipe.members = 2;  // Found before the first of them is trained.
  recipe.tta = {.translation = -1.0};
  int steps = 0;
  expect_error(ErrorCode::kBadData, {"translation"},
               [&] { fit(recipe, train, {.on_step = [&](const TrainingProgress&) { ++steps; }}); });
  EXPECT_EQ(steps, 0);
  recipe = typed_recipe();
  recipe.optimizer = Adam{.learning_rate = -1};
  expect_error(ErrorCode::kBadData, {"learning_rate"}, [&] { fit(recipe, train); });
}

TEST(Evaluate, RefusesImagesThatItCannotJudgeBy) {
  const Dataset train = blobs(60);
  Recipe recipe = typed_recipe();
  recipe.epochs = 1;
  const Model model = fit(recipe, train);
  Dataset other = blobs(30);
  other.class_names.emplace_back("above");
  expect_error(ErrorCode::kBadData, {"expected images of 3 classes", "got 4"},
               [&] { evaluate(model, other); });
  other.labels.clear();
  expect_error(ErrorCode::kBadData, {"no labels"}, [&] { evaluate(model, other); });
}

TEST(Layers, AreTheOptionsOfTheirLayers) {
  const std::vector<Attributes> layers = {Flatten{},
                                          Dense{.out_features = 7, .bias = false},
                                          Conv2d{.out_channels = 4, .kernel_size = 5, .padding = 2},
                                          MaxPool2d{.kernel_size = 3, .stride = 1, .padding = 1},
                                          AvgPool2d{},
                                          GlobalAvgPool2d{},
                                          BatchNorm{.momentum = 0.2},
                                          Relu{},
                                          LeakyRelu{.negative_slope = 0.2F},
                                          Tanh{},
                                          Gelu{},
                                          Silu{},
                                          Dropout{.rate = 0.25F},
                                          SpatialDropout{.rate = 0.125F},
                                          Crop2d{.border = 3},
                                          Add{.layers_back = 4}};
  for (const Attributes& layer : layers) {
    const std::unique_ptr<Layer> made = make_layer(layer, 10, "a layer");
    EXPECT_EQ(to_attributes(*made), layer) << made->type();
  }
}

}  // namespace
}  // namespace digitry
