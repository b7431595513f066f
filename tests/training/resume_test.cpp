#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "digitry/model_io/safetensors.h"
#include "digitry/training/trainer.h"
#include "tests/training/stopped_training.h"

// A training that is stopped, saved to a file and resumed by another trainer ends bit-identical to
// one that was not stopped.

namespace digitry {
namespace {

// The results of a trainer, with a history without timings.
struct Outcome {
  std::vector<std::vector<float>> weights;
  std::vector<std::vector<double>> history;
  std::int64_t best_epoch = 0;
  bool operator==(const Outcome&) const = default;
};

Outcome outcome(const Trainer& trainer) {
  Outcome result;
  for (const Parameter& parameter : trainer.network().parameters()) {
    const auto values = parameter.value.as<float>();
    result.weights.emplace_back(values.begin(), values.end());
  }
  for (const EpochRecord& epoch : trainer.history().epochs)
    result.history.push_back({static_cast<double>(epoch.epoch), epoch.learning_rate, epoch.loss,
                              epoch.accuracy, epoch.val_loss.value_or(-1),
                              epoch.val_accuracy.value_or(-1)});
  result.best_epoch = trainer.history().best_epoch;
  return result;
}

void expect_resumes_exactly(const Recipe& recipe) {
  const Dataset data = test::ragged_data();
  Trainer whole(recipe, data);
  whole.run({});
  const Outcome want = outcome(whole);
  // In the middle of an epoch, at its end, before its smaller last batch, at the very end (of three
  // batches per epoch). Resume.FromACheckpointOnTheWay stops at every step.
  for (const std::int64_t steps : {1, 3, 5, 12}) {
    SCOPED_TRACE("stopped after " + std::to_string(steps) + " steps");
    Trainer before(recipe, data);
    const Checkpoint checkpoint = test::stop_after(before, steps);
    Trainer after(recipe, data);
    after.resume(checkpoint);
    EXPECT_EQ(after.num_steps_done(), steps);
    EXPECT_EQ(after.run({}), TrainingEnd::kFinished);
    EXPECT_EQ(outcome(after), want);
  }
}

TEST(Resume, EndsAsIfNeverStopped) { expect_resumes_exactly(test::ragged_recipe()); }

TEST(Resume, EndsAsIfNeverStoppedWithSgd) {
  Recipe recipe = test::ragged_recipe();
  recipe.optimizer = Sgd{.momentum = 0.9};
  expect_resumes_exactly(recipe);
}

TEST(Resume, EndsAsIfNeverStoppedWithoutValidationAndMomentum) {
  Recipe recipe = test::ragged_recipe();
  recipe.validation = 0.2;
  recipe.optimizer = Sgd{.momentum = 0.0};
  expect_resumes_exactly(recipe);
  recipe.validation = 0;
  // 30 images: four batches per epoch.
  expect_resumes_exactly(recipe);
}

TEST(Resume, EndsAsIfNeverStoppedWithAugmentation) {
  Recipe recipe = test::ragged_recipe();
  recipe.augmentation = {.rotation = 10.0, .elastic = 0.5, .erase = 0.5};
  expect_resumes_exactly(recipe);
}

// Every optimizer, together with schedules and everything else that has a state or depends on the
// step.
TEST(Resume, EndsAsIfNeverStoppedWithAnyOptimizer) {
  Recipe adamw = test::ragged_recipe();
  adamw.optimizer = Adam{.learning_rate = 0.01, .weight_decay = 0.3};
  adamw.schedule = Cosine{.warmup = {.epochs = 1.5}};
  adamw.label_smoothing = 0.1;
  Recipe lion = test::ragged_recipe();
  lion.optimizer = Lion{.learning_rate = 0.001, .weight_decay = 1.0};
  lion.schedule = Exponential{.warmup = {.steps = 4}};
  lion.gradient_clip = 0.5;
  Recipe nesterov = test::ragged_recipe();
  nesterov.optimizer = Sgd{.nesterov = true, .weight_decay = 0.1};
  nesterov.schedule = StepDecay{.every_epochs = 2};
  for (const Recipe& recipe : {adamw, lion, nesterov})
    for (const double ema_decay : {0.0, 0.9}) {
      Recipe averaged = recipe;
      averaged.ema_decay = ema_decay;
      SCOPED_TRACE(to_toml(averaged));
      expect_resumes_exactly(averaged);
    }
}

TEST(Resume, EndsAsIfNeverStoppedWithAnAverageAndNoValidation) {
  Recipe recipe = test::ragged_recipe();
  recipe.validation = 0;
  recipe.ema_decay = 0.8;
  expect_resumes_exactly(recipe);
}

TEST(Resume, EndsAsIfNeverStoppedWithReductionsOnPlateau) {
  Recipe recipe = test::ragged_recipe();
  learning_rate(recipe.optimizer) = 0.5;
  recipe.schedule = ReduceOnPlateau{.patience = 1};
  const Dataset data = test::ragged_data();
  Trainer trainer(recipe, data);
  trainer.run({});
  EXPECT_LT(trainer.history().epochs.back().learning_rate, 0.5) << "or this test shows nothing";
  EXPECT_EQ(trainer.history().epochs.front().learning_rate, 0.5);
  expect_resumes_exactly(recipe);
}

TEST(Resume, TwiceIsAsGoodAsOnce) {
  const Dataset data = test::ragged_data();
  Trainer whole(test::ragged_recipe(), data);
  whole.run({});
  Trainer first(test::ragged_recipe(), data);
  Trainer second(test::ragged_recipe(), data);
  second.resume(test::stop_after(first, 5));
  Trainer third(test::ragged_recipe(), data);
  third.resume(test::stop_after(second, 7));
  third.run({});
  EXPECT_EQ(outcome(third), outcome(whole));
}

TEST(Resume, TheSameTrainerMayRunOn) {
  const Dataset data = test::ragged_data();
  Trainer whole(test::ragged_recipe(), data);
  whole.run({});
  Trainer trainer(test::ragged_recipe(), data);
  test::stop_after(trainer, 4);
  test::stop_after(trainer, 10);
  trainer.run({});
  EXPECT_EQ(outcome(trainer), outcome(whole));
}

// After kill -9 there is only the last periodic checkpoint, not one from an orderly stop.
TEST(Resume, FromACheckpointOnTheWay) {
  const Dataset data = test::ragged_data();
  Trainer whole(test::ragged_recipe(), data);
  const test::TemporaryFolder folder;
  std::vector<std::string> names;
  TrainingObserver observer;
  observer.checkpoint_seconds = 0;
  observer.save = [&](const Checkpoint& checkpoint) {
    names.push_back(std::to_string(names.size()));
    save_checkpoint(checkpoint, folder / names.back());
  };
  whole.run(observer);
  EXPECT_EQ(names.size(), 11u) << "one a step but for the last";
  for (const std::string& name : names) {
    Trainer after(test::ragged_recipe(), data);
    after.resume(load_checkpoint(folder / name));
    after.run({});
    EXPECT_EQ(outcome(after), outcome(whole)) << "checkpoint " << name;
  }
}

TEST(Resume, OfAFinishedTrainingGivesItsResult) {
  const Dataset data = test::ragged_data();
  Recipe recipe = test::ragged_recipe();
  recipe.patience = 1;
  recipe.epochs = 30;
  learning_rate(recipe.optimizer) = 0;
  Trainer whole(recipe, data);
  EXPECT_EQ(whole.run({}), TrainingEnd::kEarlyStopped);
  Trainer before(recipe, data);
  const Checkpoint checkpoint = test::stop_after(before, 6);
  Trainer after(recipe, data);
  after.resume(checkpoint);
  EXPECT_EQ(after.run({}), TrainingEnd::kEarlyStopped);
  EXPECT_EQ(outcome(after), outcome(whole));
}

}  // namespace
}  // namespace digitry
