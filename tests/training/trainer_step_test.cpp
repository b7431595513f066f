#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "digitry/kernels/softmax_cross_entropy.h"
#include "digitry/training/trainer.h"
#include "tests/support/blobs.h"
#include "tests/support/near.h"
#include "tests/training/weights.h"

// Options of recipes that change the steps: weight decay, clipping, smoothed labels, the moving
// average.

namespace digitry {
namespace {

using test::blob_recipe;
using test::blobs;
using test::copy_of;
using test::same_bits;
using test::same_weights;

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
  recipe.optimizer = Sgd{.learning_rate = 10, .momentum = 0.0};
  return recipe;
}

TEST(Trainer, WeightDecayLeavesBiasesAlone) {
  const Dataset data = blobs(60);
  Recipe recipe = one_step_recipe();
  Trainer plain(recipe, data);
  plain.run({});
  std::get<Sgd>(recipe.optimizer).weight_decay = 0.02;
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
  learning_rate(recipe.optimizer) = 0;
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

}  // namespace
}  // namespace digitry
