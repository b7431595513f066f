#include "digitry/training/loss_weights.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "digitry/evaluation/evaluate.h"
#include "digitry/nn/layers.h"
#include "digitry/training/fit.h"
#include "tests/support/blobs.h"
#include "tests/support/errors.h"

namespace digitry {
namespace {

using ::testing::ElementsAre;
using ::testing::FloatEq;
using ::testing::IsEmpty;
using ::testing::Pointwise;

TEST(ClassWeights, AreInverseToTheNumberOfImages) {
  Dataset data;
  data.labels = {0, 0, 0, 2, 2, 2, 0};
  data.class_names = {"a", "b", "c"};
  // The last image is set aside.
  EXPECT_THAT(balanced_class_weights(data, std::vector<std::int32_t>{0, 1, 2, 3}),
              ElementsAre(4.0F / 6, 0, 2));
}

TEST(LossWeights, MultiplyTheWeightsOfImagesAndClasses) {
  Dataset data;
  data.images = Tensor({5, 1, 1, 1}, DType::kU8);
  data.labels = {0, 0, 0, 1, 1};
  data.class_names = {"a", "b"};
  const std::vector<std::int32_t> used{0, 1, 2, 3};
  EXPECT_THAT(loss_weights(data, used, false), IsEmpty());
  EXPECT_THAT(loss_weights(data, used, true), ElementsAre(4.0F / 6, 4.0F / 6, 4.0F / 6, 2, 2));
  data.weights = {0, 1, 2, 1, 9};
  EXPECT_THAT(loss_weights(data, used, false), ElementsAre(0, 1, 2, 1, 9));
  // Class 0 has the weight 2/3, class 1 the weight 2; the sum over the images is again 4.
  EXPECT_THAT(loss_weights(data, used, true),
              Pointwise(FloatEq(), {0.0F, 2.0F / 3, 4.0F / 3, 2.0F, 18.0F}));
  data.weights = {2, 2, 2, 2, 0};
  EXPECT_THAT(loss_weights(data, used, false), ElementsAre(1, 1, 1, 1, 0));
}

TEST(LossWeights, AreChecked) {
  Dataset data;
  data.name = "mine";
  data.images = Tensor({2, 1, 1, 1}, DType::kU8);
  data.labels = {0, 1};
  data.class_names = {"a", "b"};
  const auto expect_problem = [&](std::vector<float> weights, std::vector<std::string> words) {
    data.weights = std::move(weights);
    words.insert(words.begin(), "mine: ");
    test::expect_error(ErrorCode::kBadData, words, [&] {
      loss_weights(data, std::vector<std::int32_t>{0, 1}, false);
    });
  };
  expect_problem({1}, {"expected 2 weights", "found 1"});
  expect_problem({1, -0.5F}, {"at least 0", "-0.5 at image 1"});
  expect_problem({std::nanf(""), 1}, {"finite", "nan at image 0"});
  expect_problem({0, 0}, {"above 0", "2 training images"});
}

TEST(LossWeights, ScaleLossesAndGradients) {
  std::vector<float> losses{1, 2};
  std::vector<float> gradients{1, 2, 3, 4};
  apply_loss_weights(std::vector<float>{3, 7, 0.5F}, std::vector<std::int32_t>{2, 0}, losses,
                     gradients);
  EXPECT_THAT(losses, ElementsAre(0.5F, 6));
  EXPECT_THAT(gradients, ElementsAre(0.5F, 1, 9, 12));
}

TEST(WeightedMean, IsByTheWeightsOfTheseImages) {
  const std::vector<float> values{1, 4};
  EXPECT_EQ(weighted_mean(values, std::vector<float>{3, 7, 1}, std::vector<std::int32_t>{0, 2}),
            1.75);
  EXPECT_EQ(weighted_mean(values, {}, std::vector<std::int32_t>{0, 2}), 2.5);
  EXPECT_EQ(weighted_mean(values, std::vector<float>{0, 7, 0}, std::vector<std::int32_t>{0, 2}),
            2.5);
}

// All images of class 0 have wrong labels, and those that are set aside as well.
TEST(LossWeights, CountInValidation) {
  Dataset data = test::blobs(300);
  data.weights.assign(300, 1);
  for (std::size_t i = 0; i < 300; ++i) {
    if (data.labels[i] != 0) continue;
    data.labels[i] = 1 + static_cast<std::int32_t>(i % 2);
    data.weights[i] = 0;
  }
  Recipe recipe;
  recipe.layers = {Flatten{}, Dense{.out_features = 3}};
  recipe.optimizer = Sgd{.learning_rate = 0.01};
  recipe.validation = 0.3;
  const auto last_epoch = [&] {
    EpochRecord last;
    fit(recipe, data, {.on_epoch = [&](const EpochRecord& record, bool) { last = record; }});
    return last;
  };
  const EpochRecord weighted = last_epoch();
  data.weights.clear();
  const EpochRecord alike = last_epoch();
  EXPECT_GT(*weighted.val_accuracy, 0.95);
  EXPECT_LT(*alike.val_accuracy, 0.9);
  EXPECT_LT(*weighted.val_loss, *alike.val_loss);
}

// Images of weight 0 count as if they were not there: wrong labels among them do no harm.
TEST(LossWeights, LetATrainingIgnoreImages) {
  Dataset data = test::blobs(300);
  data.weights.assign(300, 1);
  for (std::size_t i = 0; i < 300; i += 2) data.labels[i] = (data.labels[i] + 1) % 3;
  const auto accuracy = [&] {
    Recipe recipe;
    recipe.layers = {Flatten{}, Dense{.out_features = 3}};
    recipe.optimizer = Sgd{.learning_rate = 0.01};
    recipe.validation = 0;
    return evaluate(fit(recipe, data), test::blobs(300, 99)).accuracy;
  };
  const double with_wrong_labels = accuracy();
  for (std::size_t i = 0; i < 300; i += 2) data.weights[i] = 0;
  EXPECT_GT(accuracy(), with_wrong_labels + 0.1);
  EXPECT_GT(accuracy(), 0.9);
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
