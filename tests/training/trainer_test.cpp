#include "digitry/training/trainer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

#include "digitry/base/parallel.h"
#include "digitry/evaluation/evaluate.h"
#include "tests/support/blobs.h"
#include "tests/support/errors.h"
#include "tests/training/weights.h"

namespace digitry {
namespace {

using test::blob_recipe;
using test::blobs;
using test::expect_error;
using test::same_weights;

double test_accuracy(const Network& network) {
  const Dataset unseen = blobs(300, /*seed=*/99);
  Predictor predictor(network, {});
  return evaluate_logits(predictor.logits(unseen.images), unseen.labels, unseen.class_names)
      .accuracy;
}

TEST(Trainer, KeepsNoDataThatAreGone) {
  EXPECT_TRUE((std::is_constructible_v<Trainer, const Recipe&, const Dataset&>));
  EXPECT_TRUE((std::is_constructible_v<Trainer, const Recipe&, Dataset&>));
  EXPECT_FALSE((std::is_constructible_v<Trainer, const Recipe&, Dataset>)) << "a temporary";
  EXPECT_FALSE((std::is_constructible_v<Trainer, const Recipe&, const Dataset>)) << "a temporary";
}

TEST(Trainer, LearnsWhatIsEasy) {
  const Dataset data = blobs(600);
  Recipe recipe = blob_recipe();
  recipe.epochs = 8;
  Trainer trainer(recipe, data);
  EXPECT_EQ(trainer.run({}), TrainingEnd::kFinished);
  const History& history = trainer.history();
  ASSERT_EQ(history.epochs.size(), 8u);
  EXPECT_GT(*history.epochs.back().val_accuracy, 0.97);
  EXPECT_LT(history.epochs.back().loss, history.epochs.front().loss / 2);
  EXPECT_GT(test_accuracy(trainer.network()), 0.97);
}

TEST(Trainer, SgdAndBatchesOfOneLearnToo) {
  const Dataset data = blobs(150);
  Recipe recipe = blob_recipe();
  recipe.batch_size = 1;
  recipe.optimizer = Sgd{.learning_rate = 0.01};
  recipe.schedule = {};
  Trainer trainer(recipe, data);
  trainer.run({});
  EXPECT_GT(test_accuracy(trainer.network()), 0.9);
}

TEST(Trainer, SameSeedGivesTheSameBitsAndAnotherDoesNot) {
  const Dataset data = blobs(300);
  const auto trained = [&](std::uint64_t seed) {
    Recipe recipe = blob_recipe();
    recipe.seed = seed;
    auto trainer = std::make_unique<Trainer>(recipe, data);
    trainer->run({});
    return trainer;
  };
  const auto one = trained(1);
  const auto again = trained(1);
  const auto other = trained(2);
  EXPECT_TRUE(same_weights(one->network(), again->network()));
  EXPECT_EQ(one->history().epochs.back().loss, again->history().epochs.back().loss);
  EXPECT_FALSE(same_weights(one->network(), other->network()));
  EXPECT_NE(one->split().validation, other->split().validation);
}

TEST(Trainer, GoesOnWithAnotherNumberOfThreads) {
  const Dataset data = blobs(300);
  Recipe recipe = blob_recipe();
  recipe.ema_decay = 0.9;
  const auto trained = [&](std::function<int()> num_threads) {
    const ScopedNumThreads scope(2);
    auto trainer = std::make_unique<Trainer>(recipe, data);
    EXPECT_EQ(trainer->run({.num_threads = std::move(num_threads)}), TrainingEnd::kFinished);
    return trainer;
  };
  const auto plain = trained({});
  const auto same = trained([] { return 2; });
  EXPECT_TRUE(same_weights(same->network(), plain->network())) << "nothing is planned again";
  EXPECT_EQ(same->fewest_threads(), 2);

  int step = 0;
  const auto changing = trained([&] { return ++step % 3 == 0 ? 2 : step % 3; });
  EXPECT_EQ(changing->fewest_threads(), 1);
  EXPECT_EQ(changing->num_steps_done(), plain->num_steps_done());
  // Sums in another order: some rounding errors of each step, which Adam's division may enlarge.
  const History& one = changing->history();
  const History& other = plain->history();
  ASSERT_EQ(one.epochs.size(), other.epochs.size());
  for (std::size_t i = 0; i < one.epochs.size(); ++i) {
    EXPECT_NEAR(one.epochs[i].loss, other.epochs[i].loss, 1e-3);
    EXPECT_NEAR(*one.epochs[i].val_loss, *other.epochs[i].val_loss, 1e-3);
  }
}

TEST(Trainer, AugmentsTrainingImagesAnewEachEpochAndLeavesValidationAlone) {
  const Dataset data = blobs(300);
  Recipe recipe = blob_recipe();
  recipe.layers = {test::flatten(), test::dense(3)};
  recipe.augmentation = {.erase = 1.0, .erase_area = 1.0};
  // With a learning rate of 0 the losses identify the images.
  learning_rate(recipe.optimizer) = 0;
  Trainer plain(blob_recipe(), data);
  Trainer trainer(recipe, data);
  EXPECT_EQ(trainer.split().validation, plain.split().validation);
  trainer.run({});
  const std::vector<EpochRecord>& epochs = trainer.history().epochs;
  EXPECT_NE(epochs[0].loss, epochs[1].loss);
  EXPECT_EQ(*epochs[0].val_loss, *epochs[1].val_loss);

  Recipe without = recipe;
  without.augmentation = {.elastic_sigma = 5.0};  // No strength: nothing is on.
  Trainer unchanged(without, data);
  unchanged.run({});
  EXPECT_EQ(*unchanged.history().epochs[0].val_loss, *epochs[0].val_loss);
  EXPECT_NE(unchanged.history().epochs[0].loss, epochs[0].loss);
}

TEST(Trainer, LearnsFromAugmentedImages) {
  const Dataset data = blobs(600);
  Recipe recipe = blob_recipe();
  recipe.augmentation = {.translation = 0.5, .elastic = 0.3, .thickness = 0.3};
  recipe.epochs = 8;
  Trainer trainer(recipe, data);
  trainer.run({});
  EXPECT_GT(test_accuracy(trainer.network()), 0.95);
}

TEST(Trainer, TellsEveryStepAndEpoch) {
  const Dataset data = blobs(300);
  const Recipe recipe = blob_recipe();
  Trainer trainer(recipe, data);
  // 240 images to train on: seven batches of 32 and one of 16.
  ASSERT_EQ(std::ssize(trainer.split().train), 240);
  std::int64_t steps = 0;
  std::int64_t epochs = 0;
  TrainingObserver observer;
  observer.on_step = [&](const TrainingProgress& now) {
    EXPECT_EQ(now.epoch, steps / 8 + 1);
    EXPECT_EQ(now.step_in_epoch, steps % 8 + 1);
    EXPECT_EQ(now.steps_per_epoch, 8);
    EXPECT_EQ(now.num_epochs, recipe.epochs);
    EXPECT_TRUE(std::isfinite(now.loss) && now.accuracy >= 0 && now.accuracy <= 1);
    EXPECT_GE(now.seconds_left, 0);
    ++steps;
  };
  observer.on_epoch = [&](const EpochRecord& epoch, bool best) {
    EXPECT_EQ(epoch.epoch, ++epochs);
    EXPECT_EQ(best, trainer.history().best_epoch == epochs);
    EXPECT_TRUE(epoch.val_loss && epoch.val_accuracy);
    EXPECT_GT(epoch.images_per_second, 0);
  };
  trainer.run(observer);
  EXPECT_EQ(steps, 8 * recipe.epochs);
  EXPECT_EQ(trainer.num_steps_done(), steps);
  EXPECT_EQ(epochs, recipe.epochs);
  EXPECT_EQ(trainer.plan().batch_size(), 32);
}

TEST(Trainer, KeepsTheWeightsOfTheBestEpochOnValidation) {
  const Dataset data = blobs(300);
  for (const double ema_decay : {0.0, 0.6}) {
    Recipe recipe = blob_recipe();
    recipe.ema_decay = ema_decay;
    // A learning rate so high that later epochs get worse.
    learning_rate(recipe.optimizer) = 0.2;
    recipe.schedule = {};
    recipe.epochs = 10;
    Trainer trainer(recipe, data);
    trainer.run({});
    const History& history = trainer.history();
    ASSERT_GE(history.best_epoch, 1);
    const EpochRecord& best = history.epochs[static_cast<std::size_t>(history.best_epoch - 1)];
    for (const EpochRecord& epoch : history.epochs)
      EXPECT_LE(*epoch.val_accuracy, *best.val_accuracy) << epoch.epoch;

    // The network has the weights of that epoch, with the same validation result.
    Predictor predictor(trainer.network(), {});
    const Tensor logits = predictor.logits(data.images, trainer.split().validation);
    std::vector<std::int32_t> labels;
    for (const std::int32_t i : trainer.split().validation)
      labels.push_back(data.labels[static_cast<std::size_t>(i)]);
    const Evaluation judged = evaluate_logits(logits, labels, data.class_names);
    EXPECT_EQ(judged.accuracy, *best.val_accuracy);
    EXPECT_NEAR(judged.loss, *best.val_loss, 1e-5);
  }
}

TEST(Trainer, StopsEarlyWithoutProgressOnValidation) {
  const Dataset data = blobs(300);
  Recipe recipe = blob_recipe();
  recipe.epochs = 50;
  recipe.patience = 2;
  learning_rate(recipe.optimizer) = 0;
  Trainer trainer(recipe, data);
  EXPECT_EQ(trainer.run({}), TrainingEnd::kEarlyStopped);
  EXPECT_EQ(trainer.history().best_epoch, 1) << "nothing moves, so the first stays the best";
  EXPECT_EQ(trainer.history().epochs.size(), 3u);
}

TEST(Trainer, WithoutValidationTheLastWeightsCount) {
  const Dataset data = blobs(300);
  Recipe recipe = blob_recipe();
  recipe.validation = 0;
  recipe.patience = 1;
  Trainer trainer(recipe, data);
  EXPECT_TRUE(trainer.split().validation.empty());
  EXPECT_EQ(trainer.run({}), TrainingEnd::kFinished);
  EXPECT_EQ(trainer.history().best_epoch, 0);
  for (const EpochRecord& epoch : trainer.history().epochs)
    EXPECT_FALSE(epoch.val_loss || epoch.val_accuracy);
  EXPECT_GT(test_accuracy(trainer.network()), 0.9);
}

TEST(Trainer, TakesADataSetSmallerThanABatch) {
  const Dataset data = blobs(9);
  Recipe recipe = blob_recipe();
  recipe.validation = 0;
  Trainer trainer(recipe, data);
  EXPECT_EQ(trainer.plan().batch_size(), 9);
  trainer.run({});
  EXPECT_EQ(trainer.num_steps_done(), recipe.epochs);
}

TEST(Trainer, RefusesDataAndRecipesThatDoNotFit) {
  Dataset unlabelled = blobs(30);
  unlabelled.labels.clear();
  expect_error(ErrorCode::kBadData, {"blobs", "no labels"},
               [&] { Trainer(blob_recipe(), unlabelled); });

  Dataset mislabelled = blobs(30);
  for (const std::int32_t label : {-1, 3}) {
    mislabelled.labels[7] = label;
    expect_error(ErrorCode::kBadData, {"blobs", "[0, 2]", std::to_string(label)},
                 [&] { Trainer(blob_recipe(), mislabelled); });
  }
  mislabelled.labels.resize(29);
  expect_error(ErrorCode::kBadData, {"blobs", "30 labels", "29"},
               [&] { Trainer(blob_recipe(), mislabelled); });

  const Dataset data = blobs(30);
  Recipe recipe = blob_recipe();
  recipe.layers = {test::dense(3)};
  expect_error(ErrorCode::kShapeMismatch, {"layers[0]", "[1,8,8]"}, [&] { Trainer(recipe, data); });
  const auto refuse = [&](const std::vector<std::string>& parts, auto change) {
    Recipe changed = blob_recipe();
    change(changed);
    expect_error(ErrorCode::kBadData, parts, [&] { Trainer(changed, data); });
  };
  refuse({"'batch_size'", "got 0"}, [](Recipe& r) { r.batch_size = 0; });
  refuse({"'epochs'"}, [](Recipe& r) { r.epochs = -1; });
  refuse({"'validation'"}, [](Recipe& r) { r.validation = 1; });
  refuse({"'validation'"}, [](Recipe& r) { r.validation = std::nan(""); });
  refuse({"'patience'"}, [](Recipe& r) { r.patience = -1; });
  refuse({"'seed'"}, [](Recipe& r) { r.seed = UINT64_MAX; });
  refuse({"[optimizer]"}, [](Recipe& r) { learning_rate(r.optimizer) = -1; });
}

}  // namespace
}  // namespace digitry
