#include "digitry/training/trainer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "digitry/evaluation/evaluation.h"
#include "digitry/kernels/softmax_cross_entropy.h"
#include "tests/support/blobs.h"
#include "tests/support/errors.h"
#include "tests/support/near.h"

namespace digitry {
namespace {

using test::blob_recipe;
using test::blobs;
using test::expect_error;
using test::same_bits;

double test_accuracy(const Network& network) {
  const Dataset unseen = blobs(300, /*seed=*/99);
  Predictor predictor(network, {});
  return evaluate_logits(predictor.logits(unseen.images), unseen.labels, unseen.class_names)
      .accuracy;
}

bool same_weights(const Network& a, const Network& b) {
  for (std::size_t i = 0; i < a.parameters().size(); ++i)
    if (!same_bits(a.parameters()[i].value.as<float>(), b.parameters()[i].value.as<float>()))
      return false;
  return a.parameters().size() == b.parameters().size();
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
  recipe.optimizer = {{"type", std::string("sgd")}, {"learning_rate", 0.01}};
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
    // So fast that epochs get worse again.
    recipe.optimizer["learning_rate"] = 0.2;
    recipe.schedule = {};
    recipe.epochs = 10;
    Trainer trainer(recipe, data);
    trainer.run({});
    const History& history = trainer.history();
    ASSERT_GE(history.best_epoch, 1);
    const EpochRecord& best = history.epochs[static_cast<std::size_t>(history.best_epoch - 1)];
    for (const EpochRecord& epoch : history.epochs)
      EXPECT_LE(*epoch.val_accuracy, *best.val_accuracy) << epoch.epoch;

    // The network is that epoch's: it judges the validation images as then.
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
  recipe.optimizer["learning_rate"] = std::int64_t{0};
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

Checkpoint copy_of(const Checkpoint& checkpoint) {
  Checkpoint copy{.progress = checkpoint.progress, .groups = {}};
  for (const auto& [name, parameters] : checkpoint.groups)
    copy.groups[name] = digitry::copy_of(parameters);
  return copy;
}

// The weights that a seed starts from.
std::vector<Parameter> initial_weights(const Recipe& recipe, const Dataset& data) {
  Network network(data.image_shape(), data.num_classes(), recipe.layers);
  network.initialize(recipe.seed);
  return digitry::copy_of(network.parameters());
}

// One step of plain gradient descent on all images.
Recipe one_step_recipe() {
  Recipe recipe = blob_recipe();
  recipe.validation = 0;
  recipe.epochs = 1;
  recipe.batch_size = 1000;
  recipe.schedule = {};
  recipe.optimizer = {
      {"type", std::string("sgd")}, {"momentum", 0.0}, {"learning_rate", std::int64_t{10}}};
  return recipe;
}

TEST(Trainer, WeightDecayLeavesBiasesAlone) {
  const Dataset data = blobs(60);
  Recipe recipe = one_step_recipe();
  Trainer plain(recipe, data);
  plain.run({});
  recipe.optimizer["weight_decay"] = 0.02;
  Trainer decayed(recipe, data);
  decayed.run({});
  const auto start = initial_weights(recipe, data);
  for (std::size_t i = 0; i < start.size(); ++i) {
    const Shape& shape = start[i].value.shape();
    SCOPED_TRACE(start[i].name);
    std::vector<float> want;
    for (std::size_t k = 0; k < start[i].value.as<float>().size(); ++k)
      want.push_back(plain.network().parameters()[i].value.as<float>()[k] -
                     (shape.rank() >= 2 ? 0.2F * start[i].value.as<float>()[k] : 0.0F));
    test::expect_near(decayed.network().parameters()[i].value.as<float>(), want,
                      shape.rank() >= 2 ? 1e-6 : 0, 0);
  }
}

TEST(Trainer, ClippedGradientsHaveTheNormAskedFor) {
  const Dataset data = blobs(60);
  Recipe recipe = one_step_recipe();
  Trainer plain(recipe, data);
  plain.run({});
  recipe.gradient_clip = 1e6;
  Trainer unclipped(recipe, data);
  unclipped.run({});
  EXPECT_TRUE(same_weights(plain.network(), unclipped.network()));

  recipe.gradient_clip = 0.01;
  Trainer clipped(recipe, data);
  clipped.run({});
  const auto start = initial_weights(recipe, data);
  double squares = 0;
  double projected = 0;
  double plain_squares = 0;
  for (std::size_t i = 0; i < start.size(); ++i)
    for (std::size_t k = 0; k < start[i].value.as<float>().size(); ++k) {
      const double from = start[i].value.as<float>()[k];
      const double step = clipped.network().parameters()[i].value.as<float>()[k] - from;
      const double whole = plain.network().parameters()[i].value.as<float>()[k] - from;
      squares += step * step;
      plain_squares += whole * whole;
      projected += step * whole;
    }
  EXPECT_NEAR(std::sqrt(squares), 10 * 0.01, 1e-5) << "the rate times the norm";
  EXPECT_NEAR(projected / std::sqrt(squares * plain_squares), 1, 1e-6) << "the same direction";
}

TEST(Trainer, OnlyTheTrainingLossIsOfSmoothedLabels) {
  const Dataset data = blobs(300);
  Recipe recipe = blob_recipe();
  recipe.layers = {test::flatten(), test::dense(3)};
  recipe.optimizer["learning_rate"] = std::int64_t{0};
  recipe.label_smoothing = 0.3;
  recipe.epochs = 1;
  Trainer trainer(recipe, data);
  trainer.run({});
  Predictor predictor(trainer.network(), {});
  const auto mean_loss = [&](const std::vector<std::int32_t>& images, float smoothing) {
    std::vector<std::int32_t> labels;
    for (const std::int32_t i : images) labels.push_back(data.labels[static_cast<std::size_t>(i)]);
    std::vector<float> losses(labels.size());
    kernels::softmax_cross_entropy(predictor.logits(data.images, images).as<float>(), labels, 3, 1,
                                   losses, {}, smoothing);
    return std::accumulate(losses.begin(), losses.end(), 0.0) / static_cast<double>(losses.size());
  };
  const EpochRecord& epoch = trainer.history().epochs.front();
  EXPECT_NEAR(epoch.loss, mean_loss(trainer.split().train, 0.3F), 1e-5);
  EXPECT_NEAR(*epoch.val_loss, mean_loss(trainer.split().validation, 0), 1e-5);
  EXPECT_GT(std::fabs(mean_loss(trainer.split().train, 0) - epoch.loss), 1e-3);
}

TEST(Trainer, TheMovingAverageOfTheWeightsIsWhatIsValidatedAndKept) {
  const Dataset data = blobs(100);
  Recipe recipe = blob_recipe();
  recipe.epochs = 1;
  recipe.batch_size = 8;
  recipe.ema_decay = 0.4;
  Trainer trainer(recipe, data);
  constexpr std::int64_t kSteps = 10;  // Of 8 images: an epoch, less the 20 of validation.
  // A checkpoint after every step.
  std::vector<Checkpoint> steps;
  TrainingObserver observer;
  observer.checkpoint_seconds = 0;
  observer.save = [&](const Checkpoint& saved) { steps.push_back(copy_of(saved)); };
  observer.should_stop = [&] { return trainer.num_steps_done() == kSteps; };
  trainer.run(observer);
  ASSERT_EQ(std::ssize(steps), kSteps);

  std::vector<Parameter> average = initial_weights(recipe, data);
  for (std::size_t n = 0; n < steps.size(); ++n) {
    const double d = std::min(0.4, static_cast<double>(1 + n) / static_cast<double>(10 + n));
    for (std::size_t i = 0; i < average.size(); ++i) {
      const auto weights = steps[n].groups.at("parameters")[i].value.as<float>();
      const auto averages = average[i].value.as<float>();
      for (std::size_t k = 0; k < averages.size(); ++k)
        averages[k] = static_cast<float>(d * averages[k] + (1 - d) * weights[k]);
      test::expect_near(steps[n].groups.at("average")[i].value.as<float>(), averages, 1e-6, 1e-5);
    }
  }
  EXPECT_EQ(trainer.history().best_epoch, 1);
  for (const char* group : {"average", "best"})
    for (std::size_t i = 0; i < average.size(); ++i)
      EXPECT_TRUE(same_bits(trainer.network().parameters()[i].value.as<float>(),
                            steps.back().groups.at(group)[i].value.as<float>()))
          << group;
}

TEST(Trainer, WithoutValidationTheLastMovingAverageIsKept) {
  const Dataset data = blobs(100);
  Recipe recipe = blob_recipe();
  recipe.validation = 0;
  recipe.ema_decay = 0.4;
  Trainer averaged(recipe, data);
  averaged.run({});
  recipe.ema_decay = 0;
  Trainer plain(recipe, data);
  plain.run({});
  EXPECT_FALSE(same_weights(averaged.network(), plain.network()));
  EXPECT_EQ(averaged.history().epochs.back().loss, plain.history().epochs.back().loss)
      << "the average takes no part in the training";
}

// The learning rate rises until the weight decay (1 − α λ) makes weights grow at each step: they
// explode a few epochs later.
Recipe exploding_recipe() {
  Recipe recipe = blob_recipe();
  recipe.optimizer = {{"type", std::string("sgd")},
                      {"learning_rate", std::int64_t{1000}},
                      {"weight_decay", std::int64_t{100}}};
  recipe.schedule = {{"warmup_steps", std::int64_t{1'000'000}}};
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

      // What was saved is a state to go on from: it ends in the same way.
      ASSERT_EQ(saved.size(), 1u);
      Trainer again(recipe, data);
      again.resume(saved.front());
      EXPECT_EQ(again.num_steps_done(), trainer.num_steps_done());
      EXPECT_EQ(message(again), first);
      EXPECT_TRUE(same_weights(again.network(), trainer.network()));

      // The weights are those of a training that ends in time.
      recipe.epochs = epochs;
      Trainer whole(recipe, data);
      whole.run({});
      EXPECT_TRUE(same_weights(whole.network(), trainer.network()));
    }
}

// Whatever the rate, a training ends in an error or in weights that a model file can hold.
TEST(Trainer, DivergenceIsAnErrorNotANetwork) {
  const Dataset data = blobs(300);
  int diverged = 0;
  for (const char* type : {"sgd", "adam", "lion"})
    for (const double rate : {1.0, 10.0, 30.0, 100.0, 1000.0}) {
      Recipe recipe = blob_recipe();
      recipe.layers = {test::flatten(), test::dense(24), test::relu(), test::dense(24),
                       test::relu(),    test::dense(24), test::relu(), test::dense(3)};
      recipe.optimizer = {{"type", std::string(type)}, {"learning_rate", rate}};
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
          ASSERT_TRUE(std::isfinite(value)) << type << " " << rate << " " << parameter.name;
    }
  EXPECT_GE(diverged, 1);
}

TEST(Trainer, RefusesDataAndRecipesThatDoNotFit) {
  Dataset unlabelled = blobs(30);
  unlabelled.labels.clear();
  expect_error(ErrorCode::kBadData, {"blobs", "no labels"},
               [&] { Trainer(blob_recipe(), unlabelled); });

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
  refuse({"[optimizer]"}, [](Recipe& r) { r.optimizer["speed"] = 1.0; });
}

}  // namespace
}  // namespace digitry
