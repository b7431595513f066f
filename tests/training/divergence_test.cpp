#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "digitry/training/trainer.h"
#include "tests/support/blobs.h"
#include "tests/training/weights.h"

namespace digitry {
namespace {

using test::blob_recipe;
using test::blobs;
using test::copy_of;
using test::same_weights;

// The learning rate rises until the weight decay (1 − α λ) makes weights grow at each step: they
// explode a few epochs later.
Recipe exploding_recipe() {
  Recipe recipe = blob_recipe();
  recipe.optimizer = Sgd{.learning_rate = 1000, .weight_decay = 100};
  recipe.schedule = Constant{.warmup = {.steps = 1'000'000}};
  recipe.epochs = 100;
  return recipe;
}

TEST(Trainer, ADivergedTrainingIsBackAtItsLastGoodEpoch) {
  const Dataset data = blobs(300);
  for (const double validation : {0.2, 0.0})
    for (const double ema_decay : {0.0, 0.5}) {
      SCOPED_TRACE(testing::Message() << "validation " << validation << ", ema " << ema_decay);
      Recipe recipe = exploding_recipe();
      recipe.validation = validation;
      recipe.ema_decay = ema_decay;
      Trainer trainer(recipe, data);
      std::vector<Checkpoint> saved;
      TrainingObserver observer;
      observer.checkpoint_seconds = 1e9;
      observer.save = [&](const Checkpoint& checkpoint) { saved.push_back(copy_of(checkpoint)); };
      const auto message = [&](Trainer& diverging) {
        try {
          diverging.run(observer);
        } catch (const Error& error) {
          EXPECT_EQ(error.code(), ErrorCode::kDiverged);
          return std::string(error.what());
        }
        return std::string("finished");
      };
      const std::string first = message(trainer);
      EXPECT_THAT(first, ::testing::HasSubstr("at step "));
      EXPECT_THAT(first, ::testing::HasSubstr("loss"));
      const auto epochs = std::ssize(trainer.history().epochs);
      ASSERT_GT(epochs, 1);
      EXPECT_EQ(trainer.num_steps_done() % epochs, 0) << "the end of an epoch";
      EXPECT_EQ(trainer.history().epochs.back().epoch, epochs);
      for (const Parameter& parameter : trainer.network().parameters())
        for (const float value : parameter.value.as<float>()) ASSERT_TRUE(std::isfinite(value));

      // The saved state can be resumed and ends in the same way.
      ASSERT_EQ(saved.size(), 1u);
      Trainer again(recipe, data);
      again.resume(saved.front());
      EXPECT_EQ(again.num_steps_done(), trainer.num_steps_done());
      EXPECT_EQ(message(again), first);
      EXPECT_TRUE(same_weights(again.network(), trainer.network()));

      // The weights equal those of a training that ends before it diverges.
      recipe.epochs = epochs;
      Trainer whole(recipe, data);
      whole.run({});
      EXPECT_TRUE(same_weights(whole.network(), trainer.network()));
    }
}

// For any learning rate, a training ends with an error or with weights that can be saved.
TEST(Trainer, DivergenceIsAnErrorNotANetwork) {
  const Dataset data = blobs(300);
  int diverged = 0;
  for (const OptimizerOptions& optimizer :
       {OptimizerOptions(Sgd{}), OptimizerOptions(Adam{}), OptimizerOptions(Lion{})})
    for (const double rate : {1.0, 10.0, 30.0, 100.0, 1000.0}) {
      Recipe recipe = blob_recipe();
      recipe.layers = {test::flatten(), test::dense(24), test::relu(), test::dense(24),
                       test::relu(),    test::dense(24), test::relu(), test::dense(3)};
      recipe.optimizer = optimizer;
      learning_rate(recipe.optimizer) = rate;
      recipe.schedule = {};
      Trainer trainer(recipe, data);
      try {
        trainer.run({});
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::kDiverged);
        EXPECT_THAT(error.what(), ::testing::HasSubstr("learning rate"));
        ++diverged;
      }
      for (const Parameter& parameter : trainer.network().parameters())
        for (const float value : parameter.value.as<float>())
          ASSERT_TRUE(std::isfinite(value))
              << optimizer.index() << " " << rate << " " << parameter.name;
    }
  EXPECT_GE(diverged, 1);
}

}  // namespace
}  // namespace digitry
