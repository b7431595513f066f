#include "digitry/tuning/tuner.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "tests/support/blobs.h"
#include "tests/support/errors.h"
#include "tests/support/temporary_folder.h"

namespace digitry::test {
namespace {

class TunerTest : public testing::Test {
 protected:
  static StudySettings settings(std::int64_t num_trials) {
    StudySettings settings;
    settings.num_trials = num_trials;
    settings.recipe = blob_recipe();
    settings.recipe.epochs = 4;
    settings.recipe.validation = 0.2;
    settings.space = parse_search_space(
        "[\"optimizer.learning_rate\"]\nlow = 0.00001\nhigh = 0.1\nlog = true\n", "space");
    return settings;
  }

  Study make(const StudySettings& made) {
    Study::create(path_, made);
    return Study(path_);
  }

  const Dataset data_ = blobs(300);
  const TemporaryFolder folder_;
  const std::string path_ = folder_ / "study.sqlite";
};

TEST_F(TunerTest, TrainsEachTrialAndFindsWhatLearns) {
  Study study = make(settings(12));
  int begun = 0;
  int ended = 0;
  TunerObserver observer;
  observer.on_begin = [&](const Trial& trial) { EXPECT_EQ(trial.id, ++begun); };
  observer.on_end = [&](const Trial&) { ++ended; };
  EXPECT_EQ(run_trials(study, data_, {}, observer), SearchEnd::kFinished);
  EXPECT_EQ(begun, 12);
  EXPECT_EQ(ended, 12);
  const std::vector<Trial> trials = study.trials();
  ASSERT_EQ(trials.size(), 12u);
  EXPECT_GT(study.best()->score, 0.9);
  EXPECT_EQ(study.best()->epochs, 4);
  // Halving stops the worst trial at the first rung.
  EXPECT_GT(std::ranges::count(trials, TrialState::kStopped, &Trial::state), 2);
  for (const Trial& trial : trials)
    EXPECT_EQ(trial.state == TrialState::kFinished, trial.epochs == 4) << trial.id;
}

TEST_F(TunerTest, WithoutHalvingEveryTrialFinishes) {
  StudySettings made = settings(6);
  made.stops_trials = false;
  made.sampler = "random";
  Study study = make(made);
  run_trials(study, data_, {}, {});
  for (const Trial& trial : study.trials()) EXPECT_EQ(trial.state, TrialState::kFinished);
}

TEST_F(TunerTest, IsTheSameAgainOnOneProcess) {
  const auto scores = [&](const std::string& name) {
    Study::create(folder_ / name, settings(12));
    Study study(folder_ / name);
    run_trials(study, data_, {}, {});
    std::vector<double> all;
    for (const Trial& trial : study.trials()) {
      all.push_back(trial.score);
      all.insert(all.end(), trial.point.begin(), trial.point.end());
    }
    return all;
  };
  EXPECT_EQ(scores("one"), scores("two"));
}

TEST_F(TunerTest, APointThatDivergesIsAFailedTrial) {
  StudySettings made = settings(1);
  made.recipe.optimizer = Sgd{.weight_decay = 100.0};
  made.space = parse_search_space("[\"optimizer.learning_rate\"]\nlow = 900.0\nhigh = 1000.0", "s");
  Study study = make(made);
  EXPECT_EQ(run_trials(study, data_, {}, {}), SearchEnd::kFinished);
  EXPECT_EQ(study.trials()[0].state, TrialState::kFailed);
  EXPECT_NE(study.trials()[0].message, "");
  EXPECT_FALSE(study.best());
}

TEST_F(TunerTest, WhatIsStoppedWaitsAndIsBegunAgain) {
  Study study = make(settings(2));
  int steps = 0;
  TunerObserver stopping;
  stopping.on_step = [&](const Trial&, const TrainingProgress&) { ++steps; };
  stopping.should_stop = [&] { return steps >= 3; };
  EXPECT_EQ(run_trials(study, data_, {}, stopping), SearchEnd::kInterrupted);
  EXPECT_EQ(study.trials()[0].state, TrialState::kWaiting);
  EXPECT_EQ(run_trials(study, data_, {}, {}), SearchEnd::kFinished);
  EXPECT_EQ(study.trials()[0].state, TrialState::kFinished);
  EXPECT_EQ(study.trials().size(), 2u);
}

TEST_F(TunerTest, EndsWhenItsTimeIsOverButNotInATrial) {
  Study study = make(settings(100'000));
  EXPECT_EQ(run_trials(study, data_, {.time_limit_seconds = 0.3, .halving = {}}, {}),
            SearchEnd::kTimeOver);
  ASSERT_GE(study.trials().size(), 1u);
  for (const Trial& trial : study.trials()) EXPECT_NE(trial.state, TrialState::kWaiting);
}

TEST_F(TunerTest, TwoWorkersShareOneStudy) {
  Study::create(path_, settings(10));
  const auto work = [&] {
    Study study(path_);
    run_trials(study, data_, {}, {});
  };
  std::thread other(work);
  work();
  other.join();
  Study study(path_);
  ASSERT_EQ(study.trials().size(), 10u);
  for (const Trial& trial : study.trials())
    EXPECT_TRUE(trial.state == TrialState::kFinished || trial.state == TrialState::kStopped);
}

TEST_F(TunerTest, WantsValidationImages) {
  StudySettings made = settings(1);
  made.recipe.validation = 0;
  Study study = make(made);
  expect_error(ErrorCode::kBadData, {"validation = 0", "sets none aside"},
               [&] { run_trials(study, data_, {}, {}); });
}

TEST_F(TunerTest, WantsTheImagesThatItBeganWith) {
  StudySettings made = settings(1);
  made.data_sha256 = "of others";
  Study study = make(made);
  expect_error(ErrorCode::kBadData, {"differ from those of the study"},
               [&] { run_trials(study, data_, {}, {}); });
}

TEST_F(TunerTest, TrainsTheBestAgainAndGoesOnWhereItWasStopped) {
  Study study = make(settings(6));
  run_trials(study, data_, {}, {});
  TunerObserver stopping;
  const auto num_scores = [&] {
    std::size_t count = 0;
    for (const Trial& trial : study.trials()) count += trial.fresh_scores.size();
    return count;
  };
  stopping.should_stop = [&] { return num_scores() >= 1; };
  EXPECT_EQ(retrain_best(study, data_, {.num_trials = 2, .num_seeds = 2}, stopping),
            SearchEnd::kInterrupted);
  EXPECT_EQ(num_scores(), 1u);
  int told = 0;
  TunerObserver observer;
  observer.on_end = [&](const Trial& trial) {
    ++told;
    EXPECT_EQ(trial.fresh_scores.size(), 2u);
  };
  EXPECT_EQ(retrain_best(study, data_, {.num_trials = 2, .num_seeds = 2}, observer),
            SearchEnd::kFinished);
  EXPECT_EQ(told, 2);
  EXPECT_EQ(num_scores(), 4u);
  const std::vector<Trial> ranking = study.ranking();
  EXPECT_GE(ranking[0].final_score(), ranking[1].final_score());
  EXPECT_EQ(ranking[1].fresh_scores.size(), 2u);
}

TEST_F(TunerTest, AFreshSeedThatDivergesCountsAsNothingRight) {
  StudySettings made = settings(1);
  made.recipe.optimizer = Sgd{.weight_decay = 100.0};
  made.space = parse_search_space("[\"optimizer.learning_rate\"]\nlow = 900.0\nhigh = 1000.0", "s");
  Study study = make(made);
  const Trial trial = *study.begin_trial();
  study.record_epoch(trial.id, 1, 0.9, 0.5, 1);
  study.end_trial(trial.id, TrialState::kFinished);
  EXPECT_EQ(retrain_best(study, data_, {.num_trials = 1, .num_seeds = 1}, {}),
            SearchEnd::kFinished);
  EXPECT_EQ(study.best()->fresh_scores, std::vector<double>{0.0});
}

}  // namespace
}  // namespace digitry::test
