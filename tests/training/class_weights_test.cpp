#include "digitry/training/class_weights.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "digitry/evaluation/evaluate.h"
#include "digitry/nn/layers.h"
#include "digitry/training/fit.h"
#include "tests/support/blobs.h"

namespace digitry {
namespace {

using ::testing::ElementsAre;

TEST(ClassWeights, AreInverseToTheNumberOfImages) {
  Dataset data;
  data.labels = {0, 0, 0, 2, 2, 2, 0};
  data.class_names = {"a", "b", "c"};
  // The last image is set aside.
  EXPECT_THAT(balanced_class_weights(data, std::vector<std::int32_t>{0, 1, 2, 3}),
              ElementsAre(4.0F / 6, 0, 2));
}

TEST(ClassWeights, ScaleLossesAndGradients) {
  std::vector<float> losses{1, 2};
  std::vector<float> gradients{1, 2, 3, 4};
  apply_class_weights(std::vector<float>{3, 0.5F}, std::vector<std::int32_t>{1, 0}, losses,
                      gradients);
  EXPECT_THAT(losses, ElementsAre(0.5F, 6));
  EXPECT_THAT(gradients, ElementsAre(0.5F, 1, 9, 12));
}

// Of a set with one image of class 0 in 20, a short training learns the class only with weights.
TEST(ClassWeights, HelpRareClasses) {
  const Dataset all = test::blobs(600);
  std::vector<std::int32_t> kept;
  std::int64_t num_rare = 0;
  for (std::int32_t i = 0; i < 600; ++i)
    if (all.labels[static_cast<std::size_t>(i)] != 0 || num_rare++ % 20 == 0) kept.push_back(i);
  Dataset rare;
  rare.images = all.images.take(kept);
  for (const std::int32_t i : kept) rare.labels.push_back(all.labels[static_cast<std::size_t>(i)]);
  rare.class_names = all.class_names;
  rare.name = "rare";
  const auto recall_with = [&](const char* weights) {
    Recipe recipe;
    recipe.layers = {Flatten{}, Dense{.out_features = 3}};
    recipe.optimizer = Sgd{.learning_rate = 0.01};
    recipe.epochs = 2;
    recipe.validation = 0;
    recipe.class_weights = weights;
    return evaluate(fit(recipe, rare), test::blobs(300, 99)).per_class[0].recall;
  };
  EXPECT_GT(recall_with("balanced"), recall_with("none") + 0.2);
}

}  // namespace
}  // namespace digitry
