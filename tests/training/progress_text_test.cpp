#include "digitry/training/progress_text.h"

#include <gtest/gtest.h>

#include "tests/support/errors.h"

namespace digitry {
namespace {

SavedProgress some_progress() {
  SavedProgress progress{.epoch = 1,
                         .step = 17,
                         .optimizer_steps = 17,
                         .loss = 0.1 + 0.2,
                         .correct = 300,
                         .images = 512,
                         .seconds = 1.0 / 3,
                         .elapsed_seconds = 1e-9,
                         .recipe = "name = \"x\"\n",
                         .data_sha256 = "abc",
                         .history = {}};
  progress.history.epochs.push_back({.epoch = 1,
                                     .learning_rate = 0.001,
                                     .loss = 1.0 / 7,
                                     .accuracy = 0.9,
                                     .val_loss = 0.3,
                                     .val_accuracy = 0.95,
                                     .images_per_second = 1e5,
                                     .elapsed_seconds = 2});
  progress.history.best_epoch = 1;
  return progress;
}

TEST(ProgressText, ComesBackBitForBit) {
  const SavedProgress saved = some_progress();
  const SavedProgress read = progress_from_text(progress_to_text(saved));
  EXPECT_EQ(read.epoch, saved.epoch);
  EXPECT_EQ(read.step, saved.step);
  EXPECT_EQ(read.optimizer_steps, saved.optimizer_steps);
  EXPECT_EQ(read.loss, saved.loss);
  EXPECT_EQ(read.correct, saved.correct);
  EXPECT_EQ(read.images, saved.images);
  EXPECT_EQ(read.seconds, saved.seconds);
  EXPECT_EQ(read.elapsed_seconds, saved.elapsed_seconds);
  EXPECT_EQ(read.recipe, saved.recipe);
  EXPECT_EQ(read.data_sha256, saved.data_sha256);
  EXPECT_EQ(read.history.best_epoch, 1);
  ASSERT_EQ(read.history.epochs.size(), 1u);
  EXPECT_EQ(read.history.epochs[0].loss, saved.history.epochs[0].loss);
  EXPECT_EQ(read.history.epochs[0].val_accuracy, saved.history.epochs[0].val_accuracy);
}

TEST(ProgressText, RefusesEntriesThatAreMissingOrNotNumbers) {
  const auto text = progress_to_text(some_progress());
  for (const auto& [key, value] : text) {
    auto without = text;
    without.erase(key);
    test::expect_error(ErrorCode::kBadData, {"checkpoint", "'" + key + "'"},
                       [&] { progress_from_text(without); });
  }
  for (const char* key : {"epoch", "step", "loss", "correct", "seconds", "best_epoch"})
    for (const char* value : {"", "x", "-1", "1x", " 1", "nan", "inf", "1e999"}) {
      auto spoilt = text;
      spoilt[key] = value;
      test::expect_error(ErrorCode::kBadData, {"'" + std::string(key) + "'"},
                         [&] { progress_from_text(spoilt); });
    }
}

TEST(ProgressText, RefusesAHistoryOfAnotherLength) {
  for (const char* key : {"epoch", "best_epoch"}) {
    auto text = progress_to_text(some_progress());
    text[key] = "2";
    test::expect_error(ErrorCode::kBadData, {"history", "epoch"},
                       [&] { progress_from_text(text); });
  }
}

TEST(ProgressText, RefusesABestEpochThatWasNotValidated) {
  SavedProgress progress = some_progress();
  progress.history.epochs[0].val_loss.reset();
  progress.history.epochs[0].val_accuracy.reset();
  test::expect_error(ErrorCode::kBadData, {"best epoch 1"},
                     [&] { progress_from_text(progress_to_text(progress)); });
}

TEST(ProgressText, RefusesAnotherNumberOfStepsOfTheOptimizer) {
  auto text = progress_to_text(some_progress());
  for (const char* value : {"16", "9223372036854775807"}) {
    text["optimizer_steps"] = value;
    test::expect_error(ErrorCode::kBadData, {"optimizer_steps", "17"},
                       [&] { progress_from_text(text); });
  }
}

}  // namespace
}  // namespace digitry
