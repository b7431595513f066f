#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/errors.h"
#include "tests/training/stopped_training.h"

// Checkpoints that do not belong to the training that is resumed, or that have inconsistent
// entries.

namespace digitry {
namespace {

using test::blobs;
using test::expect_error;
using test::ragged_data;
using test::ragged_recipe;
using test::stop_after;

struct BadCheckpoint : ::testing::Test {
  const Dataset data = ragged_data();
  Checkpoint checkpoint() {
    Trainer trainer(ragged_recipe(), data);
    return stop_after(trainer, 4);
  }
  void refuse(const std::vector<std::string>& parts, const Checkpoint& spoilt) {
    expect_error(ErrorCode::kBadData, parts, [&] {
      Trainer trainer(ragged_recipe(), data);
      trainer.resume(spoilt);
    });
  }
};

TEST_F(BadCheckpoint, OfAnotherRecipeSeedOrData) {
  const Checkpoint saved = checkpoint();
  Recipe recipe = ragged_recipe();
  recipe.seed = 8;
  expect_error(ErrorCode::kBadData, {"another recipe, seed or data"},
               [&] { Trainer(recipe, data).resume(saved); });
  const Dataset other = blobs(30, /*seed=*/2);
  expect_error(ErrorCode::kBadData, {"another recipe, seed or data"},
               [&] { Trainer(ragged_recipe(), other).resume(saved); });
}

TEST_F(BadCheckpoint, WithoutWhatItNeeds) {
  for (const char* group : {"parameters", "best", "optimizer.first_moment"}) {
    Checkpoint spoilt = checkpoint();
    spoilt.groups.erase(group);
    refuse({"no '" + std::string(group) + "'"}, spoilt);
    spoilt = checkpoint();
    spoilt.groups.at(group).pop_back();
    refuse({"4 parameters, got 3"}, spoilt);
    spoilt = checkpoint();
    spoilt.groups.at(group)[0].value = Tensor({2}, DType::kF32);
    refuse({"'1.weight'", "[2]"}, spoilt);
    spoilt = checkpoint();
    spoilt.groups.at(group)[0].value = Tensor({24, 64}, DType::kU8);
    refuse({"u8"}, spoilt);
  }
}

TEST_F(BadCheckpoint, WithoutItsAverage) {
  Recipe recipe = ragged_recipe();
  recipe.ema_decay = 0.9;
  Trainer trainer(recipe, data);
  Checkpoint spoilt = stop_after(trainer, 4);
  spoilt.groups.erase("average");
  expect_error(ErrorCode::kBadData, {"no 'average'"},
               [&] { Trainer(recipe, data).resume(spoilt); });
}

TEST_F(BadCheckpoint, WithValuesThatAreNotFinite) {
  for (const char* group : {"parameters", "optimizer.second_moment"})
    for (const float value : {HUGE_VALF, std::nanf("")}) {
      Checkpoint spoilt = checkpoint();
      spoilt.groups.at(group)[1].value.as<float>()[3] = value;
      refuse({group, "expected finite values"}, spoilt);
    }
}

TEST_F(BadCheckpoint, ThatCountsMoreThanThereIs) {
  Checkpoint spoilt = checkpoint();
  spoilt.progress["images"] = "9223372036854775807";
  refuse({"found 9223372036854775807 images"}, spoilt);
  spoilt = checkpoint();
  spoilt.progress["correct"] = "1000000000000";
  refuse({"1000000000000 correct"}, spoilt);
}

TEST_F(BadCheckpoint, WhoseStepIsNotInItsEpoch) {
  Checkpoint spoilt = checkpoint();
  spoilt.progress["step"] = spoilt.progress["optimizer_steps"] = "6";
  refuse({"step 6", "epoch 1"}, spoilt);
  spoilt = checkpoint();
  spoilt.progress.erase("step");
  refuse({"'step'"}, spoilt);
}

}  // namespace
}  // namespace digitry
