#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <mutex>

#include "digitry/training/trainer.h"
#include "tests/support/blobs.h"
#include "tests/support/errors.h"
#include "tests/support/thread_ranks.h"
#include "tests/training/weights.h"

// One network trained by several ranks, which are threads here (tests/comm has processes).

namespace digitry {
namespace {

using test::blob_recipe;
using test::blobs;
using test::run_ranks;
using test::same_weights;

// Trains on `size` ranks and returns the trainer of each; `prepare` may change one before it runs.
std::vector<std::unique_ptr<Trainer>> train(int size, const Recipe& recipe, const Dataset& data,
                                            const TrainingObserver& observer = {},
                                            const std::function<void(Trainer&)>& prepare = {}) {
  std::vector<std::unique_ptr<Trainer>> trainers(static_cast<std::size_t>(size));
  run_ranks(size, [&](Communicator& ranks) {
    auto trainer = std::make_unique<Trainer>(recipe, data, ranks);
    if (prepare) prepare(*trainer);
    trainer->run(ranks.is_first() ? observer : TrainingObserver());
    trainers[static_cast<std::size_t>(ranks.rank())] = std::move(trainer);
  });
  return trainers;
}

double norm_of_difference(const Network& a, const Network& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.parameters().size(); ++i) {
    const auto x = a.parameters()[i].value.as<float>();
    const auto y = b.parameters()[i].value.as<float>();
    for (std::size_t j = 0; j < x.size(); ++j) sum += std::pow(double{x[j]} - y[j], 2);
  }
  return std::sqrt(sum);
}

// What makes a step depend on more than the images: dropout of both kinds, augmentation, weights
// of classes, smoothed labels.
Recipe random_recipe() {
  Recipe recipe = blob_recipe();
  recipe.layers = {test::conv2d({.out_channels = 8, .kernel_size = 3, .padding = 1}),
                   test::relu(),
                   test::spatial_dropout(0.3),
                   test::flatten(),
                   test::dense(24),
                   test::relu(),
                   test::dropout(0.4),
                   test::dense(3)};
  recipe.augmentation = {.rotation = 10.0, .translation = 1.0};
  recipe.class_weights = "balanced";
  recipe.label_smoothing = 0.1;
  recipe.optimizer = Sgd{.learning_rate = 0.1};
  recipe.schedule = {};
  return recipe;
}

Network initial_network(const Recipe& recipe, const Dataset& data) {
  return Trainer(recipe, data).network().clone();
}

// A gradient is a sum of one term per image and path. Ranks add the same terms in another order:
// with at most n = 2^12 terms (32 images, 64 positions, and the lengths of the products before and
// after) both sums are within n · 2^-24 · Σ|terms| of the exact one, hence within 2^-11 · Σ|terms|
// of each other (Higham, "Accuracy and stability of numerical algorithms", sec. 4.2). Over all
// weights, Σ|terms| is a few times the gradient itself: 2^-8 of its norm. A mask of dropout or an
// augmentation that belongs to another image changes the step by its own size.
TEST(Ranks, TakeTheStepOfOneRank) {
  const Dataset data = blobs(41);  // 33 to train on: a batch of 32, and one of a single image.
  Recipe recipe = random_recipe();
  recipe.epochs = 1;
  const auto one = train(1, recipe, data);
  const double step = norm_of_difference(one[0]->network(), initial_network(recipe, data));
  ASSERT_GT(step, 0.01);
  for (const int size : {2, 3, 5, 32}) {
    const auto several = train(size, recipe, data);
    EXPECT_LT(norm_of_difference(several[0]->network(), one[0]->network()), step / 256) << size;
    EXPECT_NEAR(several[0]->history().epochs[0].loss, one[0]->history().epochs[0].loss, 1e-3);
    EXPECT_EQ(several[0]->history().epochs[0].accuracy, one[0]->history().epochs[0].accuracy);
  }
}

// Softmax regression is convex and L-smooth with L ≤ max |(x, 1)|² / 2 (Böhning, "Multinomial
// logistic regression algorithm", 1992). With a learning rate η ≤ 2/L a step of gradient descent
// brings two sets of weights no further apart, so that after S steps they differ by at most
// S · η · 2ε, where ε bounds the rounding error of a gradient of C·(F+1) entries. An entry is the
// mean over B = 32 images of (p − t)·x with |p − t| ≤ 1 and x ≤ 1. Its sum contributes B·u, and an
// error δ of the logits 2δ, where δ ≤ (F+2)·u·(|w|·|x| + |b|) ≤ (F+2)·u·|w|₂·|(x, 1)|₂, and
// u = 2^-24. Rounding the update adds u·|w|₂ per step.
TEST(Ranks, StayNearOneRankForAWholeTraining) {
  const Dataset data = blobs(300);
  Recipe recipe = blob_recipe();
  recipe.layers = {test::flatten(), test::dense(3)};
  const double rate = 0.05;
  recipe.optimizer = Sgd{.learning_rate = rate};
  recipe.schedule = {};
  double longest = 0;  // |(x, 1)|² of an image
  const auto pixels = data.images.as<std::uint8_t>();
  for (std::size_t i = 0; i < pixels.size(); i += 64) {
    double sum = 1;
    for (const std::uint8_t pixel : pixels.subspan(i, 64)) sum += std::pow(pixel / 255.0, 2);
    longest = std::max(longest, sum);
  }
  ASSERT_LE(rate, 2 / (longest / 2));

  const auto one = train(1, recipe, data);
  double weights = 0;
  for (const Parameter& parameter : one[0]->network().parameters())
    for (const float value : parameter.value.as<float>()) weights += std::pow(value, 2);
  weights = 2 * std::sqrt(weights);  // They are smaller before: of the largest, twice the last.
  const double unit = std::ldexp(1, -24);
  const double entry = 32 * unit + 2 * 66 * unit * weights * std::sqrt(longest);
  const double per_step = rate * 2 * entry * std::sqrt(3 * 65) + 2 * unit * weights;
  const auto steps = static_cast<double>(one[0]->num_steps_done());
  for (const int size : {2, 3}) {
    const auto several = train(size, recipe, data);
    EXPECT_LE(norm_of_difference(several[0]->network(), one[0]->network()), steps * per_step);
    EXPECT_EQ(several[0]->num_steps_done(), one[0]->num_steps_done());
  }
}

TEST(Ranks, OfTheSameNumberGiveTheSameBitsOnEachRank) {
  const Dataset data = blobs(41);
  Recipe recipe = random_recipe();
  recipe.optimizer = Adam{.learning_rate = 0.01};
  recipe.ema_decay = 0.9;
  recipe.layers.insert(recipe.layers.begin() + 1, test::batch_norm());
  const auto first = train(3, recipe, data);
  const auto second = train(3, recipe, data);
  for (const auto& trainer : second) {
    EXPECT_TRUE(same_weights(trainer->network(), first[0]->network()));
    EXPECT_EQ(trainer->history().epochs.back().loss, first[0]->history().epochs.back().loss);
    EXPECT_EQ(*trainer->history().epochs.back().val_loss,
              *first[0]->history().epochs.back().val_loss);
  }
  EXPECT_FALSE(same_weights(train(2, recipe, data)[0]->network(), first[0]->network()));
}

TEST(Ranks, AverageTheRunningStatisticsOfBatchNorm) {
  const Dataset data = blobs(300);
  Recipe recipe = blob_recipe();
  recipe.layers = {test::flatten(), test::dense(8), test::batch_norm({.momentum = 0.5}),
                   test::relu(), test::dense(3)};
  recipe.epochs = 1;
  learning_rate(recipe.optimizer) = 0;  // The weights stay as they are.
  const auto mean_of = [](const Network& network) {
    const auto found = std::ranges::find(network.parameters(), "2.running_mean", &Parameter::name);
    const auto values = found->value.as<float>();
    return std::vector<float>(values.begin(), values.end());
  };
  const std::vector<float> one = mean_of(train(1, recipe, data)[0]->network());
  // The mean over ranks of the means of their shares is the mean of the batch.
  const std::vector<float> two = mean_of(train(2, recipe, data)[0]->network());
  for (std::size_t i = 0; i < one.size(); ++i) EXPECT_NEAR(one[i], two[i], 1e-5) << i;
}

// The largest κ = E[x²] / var of the inputs of batch norm, over all images at once, with the
// initial weights.
double largest_condition(Recipe recipe, const Dataset& data) {
  recipe.batch_size = data.num_images();
  recipe.epochs = 1;
  learning_rate(recipe.optimizer) = 0;
  for (Attributes& layer : recipe.layers)
    if (layer.contains("momentum")) layer["momentum"] = 1.0;
  double largest = 0;
  const auto trained = train(1, recipe, data);
  const std::span<const Parameter> parameters = trained[0]->network().parameters();
  for (std::size_t i = 0; i + 1 < parameters.size(); ++i) {
    if (!parameters[i].name.ends_with("running_mean")) continue;
    const auto mean = parameters[i].value.as<float>();
    const auto variance = parameters[i + 1].value.as<float>();
    for (std::size_t c = 0; c < mean.size(); ++c)
      largest = std::max(largest, 1 + std::pow(mean[c], 2) / variance[c]);
  }
  return largest;
}

// To the bound of TakeTheStepOfOneRank for the sums of gradients, n · 2^-24 · Σ|terms| with n =
// 2^12, two things are added. Mean and variance are sums of at most 2^9 values x, so the normalised
// values x̂ differ by at most 2^9 · 2^-24 · κ · (1 + |x̂|), with the condition number κ = E[x²] /
// var (Chan, Golub, LeVeque, "Algorithms for computing the sample variance", 1983), which the test
// checks to be below 16. So terms differ by 2^-10 of themselves, and likewise the two means that
// the backward pass subtracts. In all this is less than 2^-8 of Σ|terms|, which is a few times the
// gradient: 2^-6 of the step. Batch norm of each rank's images by themselves changes more.
TEST(Ranks, SeeTheBatchOfOneRankWithSynchronizedBatchNorm) {
  const Dataset data = blobs(41);  // 33 to train on: a batch of 32, and one of a single image.
  Recipe recipe = blob_recipe();
  recipe.layers = {test::conv2d({.out_channels = 8, .kernel_size = 3, .stride = 2, .padding = 1}),
                   test::batch_norm({.momentum = 0.5}),
                   test::relu(),
                   test::flatten(),
                   test::dense(24),
                   test::batch_norm({.momentum = 0.5, .epsilon = 0.1}),
                   test::relu(),
                   test::dense(3)};
  recipe.epochs = 1;
  recipe.optimizer = Sgd{.learning_rate = 0.1};
  recipe.schedule = {};
  recipe.batch_norm = "synchronized";
  const auto one = train(1, recipe, data);
  const double step = norm_of_difference(one[0]->network(), initial_network(recipe, data));
  ASSERT_GT(step, 0.01);
  ASSERT_LT(largest_condition(recipe, data), 16);
  // With three ranks and more, some have no image of the last batch.
  for (const int size : {2, 3, 5, 32}) {
    const auto several = train(size, recipe, data);
    EXPECT_LT(norm_of_difference(several[0]->network(), one[0]->network()), step / 64) << size;
    EXPECT_TRUE(same_weights(several.back()->network(), several[0]->network()));
    EXPECT_NEAR(several[0]->history().epochs[0].loss, one[0]->history().epochs[0].loss, 1e-3);
  }
  recipe.batch_norm = "local";
  EXPECT_GT(norm_of_difference(train(2, recipe, data)[0]->network(), one[0]->network()), step / 64);
  EXPECT_TRUE(same_weights(train(1, recipe, data)[0]->network(), one[0]->network()))
      << "one rank has nobody to synchronise with";
}

TEST(Ranks, StopTogetherAndAreResumedByAnotherNumber) {
  const Dataset data = blobs(300);
  const Recipe recipe = blob_recipe();
  const auto whole = train(2, recipe, data);
  Checkpoint saved;
  std::vector<std::int64_t> steps(2);
  run_ranks(2, [&](Communicator& ranks) {
    Trainer trainer(recipe, data, ranks);
    TrainingObserver observer;
    // Ctrl-C reaches the last rank, the first one saves.
    if (ranks.rank() == 1) observer.should_stop = [&] { return trainer.num_steps_done() >= 5; };
    if (ranks.rank() == 0)
      observer.save = [&](const Checkpoint& checkpoint) { saved = test::copy_of(checkpoint); };
    observer.checkpoint_seconds = 1e9;
    EXPECT_EQ(trainer.run(observer), TrainingEnd::kInterrupted);
    steps[static_cast<std::size_t>(ranks.rank())] = trainer.num_steps_done();
  });
  EXPECT_EQ(steps, (std::vector<std::int64_t>{6, 6}));

  const auto resumed = train(2, recipe, data, {}, [&](Trainer& t) { t.resume(saved); });
  EXPECT_TRUE(same_weights(resumed[1]->network(), whole[0]->network()));
  const auto by_three = train(3, recipe, data, {}, [&](Trainer& t) { t.resume(saved); });
  EXPECT_EQ(by_three[2]->num_steps_done(), whole[0]->num_steps_done());
  EXPECT_GT(*by_three[0]->history().epochs.back().val_accuracy, 0.9);
}

TEST(Ranks, SaveWhenTheFirstRankWantsTo) {
  const Dataset data = blobs(300);
  int saves = 0;
  train(2, blob_recipe(), data,
        {.save = [&](const Checkpoint& /*checkpoint*/) { ++saves; }, .checkpoint_seconds = 0});
  EXPECT_GT(saves, 10);  // After each of 32 steps but the first and the last, at most.
}

TEST(Ranks, DivergeTogether) {
  const Dataset data = blobs(300);
  Recipe recipe = blob_recipe();
  recipe.optimizer = Sgd{.learning_rate = 1000.0};
  recipe.layers = {test::flatten(), test::dense(24), test::dense(24), test::dense(3)};
  std::vector<std::string> errors(2);
  run_ranks(2, [&](Communicator& ranks) {
    Trainer trainer(recipe, data, ranks);
    try {
      trainer.run({});
    } catch (const Error& error) {
      errors[static_cast<std::size_t>(ranks.rank())] = error.what();
    }
  });
  EXPECT_THAT(errors[0], ::testing::HasSubstr("diverged"));
  EXPECT_EQ(errors[0], errors[1]);
}

TEST(Ranks, ThatAreMoreThanTheImagesOfABatchAreAnError) {
  const Dataset data = blobs(30);
  Recipe recipe = blob_recipe();
  recipe.batch_size = 2;
  run_ranks(3, [&](Communicator& ranks) {
    test::expect_error(ErrorCode::kInvalidArgument, {"images in a batch (2)", "got 3"},
                       [&] { Trainer(recipe, data, ranks); });
  });
}

TEST(Ranks, MustHaveTheSameRecipeDataAndState) {
  const Dataset data = blobs(60);
  Dataset other = blobs(60);
  other.sha256 = "another";
  Recipe longer = blob_recipe();
  longer.epochs = 5;
  const auto start = [&](const Recipe& recipe, const Dataset& of_last, const std::string& what,
                         ErrorCode code, bool stepped = false) {
    run_ranks(3, [&](Communicator& ranks) {
      const bool last = ranks.rank() == 2;
      Trainer trainer(last ? recipe : blob_recipe(), last ? of_last : data, ranks);
      if (stepped && last) {
        Trainer ahead(recipe, data);
        Checkpoint saved;
        ahead.run({.should_stop = [] { return true; },
                   .save = [&](const Checkpoint& c) { saved = test::copy_of(c); }});
        trainer.resume(saved);
      }
      test::expect_error(code, {"rank 2 on host2", "same " + what, "rank 0 on host0"},
                         [&] { trainer.run({}); });
    });
  };
  start(longer, data, "recipe", ErrorCode::kBadData);
  start(blob_recipe(), other, "data", ErrorCode::kBadData);
  start(blob_recipe(), data, "initial state", ErrorCode::kUnavailable, /*stepped=*/true);
}

TEST(Collectively, ThrowsOnAllRanksWhatOneThrew) {
  run_ranks(3, [](Communicator& ranks) {
    collectively(ranks, [] {});
    test::expect_error(ErrorCode::kIo, {"rank 1 on host1: no room"}, [&] {
      collectively(ranks, [&] {
        if (ranks.rank() == 1) throw Error(ErrorCode::kIo, std::string("no room"));
      });
    });
    try {
      collectively(ranks, [] { throw Error(ErrorCode::kBadData, std::string("all alike")); });
      ADD_FAILURE();
    } catch (const Error& error) {
      EXPECT_STREQ(error.what(), "all alike");
    }
    EXPECT_EQ(broadcast(ranks, ranks.host()), "host0");
  });
}

TEST(Collectively, SharesAreContiguousAndNearlyEqual) {
  run_ranks(3, [](Communicator& ranks) {
    const std::vector<std::int64_t> firsts{0, 3, 6};
    EXPECT_EQ(share_of(ranks, 10).first, firsts[static_cast<std::size_t>(ranks.rank())]);
    EXPECT_EQ(share_of(ranks, 10).count, ranks.rank() == 2 ? 4 : 3);
    EXPECT_EQ(share_of(ranks, 0).count, 0);
  });
}

}  // namespace
}  // namespace digitry
