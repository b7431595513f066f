#include "digitry/tuning/study.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "tests/support/blobs.h"
#include "tests/support/errors.h"
#include "tests/support/temporary_folder.h"

namespace digitry::test {
namespace {

using testing::ElementsAre;
using testing::UnorderedElementsAre;

class StudyTest : public testing::Test {
 protected:
  StudyTest() { Study::create(path_, settings()); }

  static StudySettings settings() {
    StudySettings settings;
    settings.recipe = blob_recipe();
    settings.space = parse_search_space(
        "[\"optimizer.learning_rate\"]\nlow = 0.001\nhigh = 0.1\nlog = true\n"
        "[\"training.batch_size\"]\nchoices = [16, 32]",
        "space");
    settings.seed = 7;
    settings.data_sha256 = "abc";
    return settings;
  }

  // Runs `body` in a child process, which then ends as if by kill -9.
  template <typename Body>
  static void in_killed_process(const Body& body) {
    const pid_t child = fork();
    if (child == 0) {
      body();
      kill(getpid(), SIGKILL);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "it failed before";
  }

  const TemporaryFolder folder_;
  const std::filesystem::path path_ = folder_ / "study.sqlite";
};

TEST_F(StudyTest, KeepsItsSettings) {
  const Study study(path_);
  EXPECT_EQ(to_toml(study.settings().recipe), to_toml(settings().recipe));
  EXPECT_EQ(to_toml(study.settings().space), to_toml(settings().space));
  EXPECT_EQ(study.settings().sampler, "tpe");
  EXPECT_EQ(study.settings().seed, 7u);
  EXPECT_TRUE(study.settings().stops_trials);
  EXPECT_EQ(study.settings().num_trials, 30);
  EXPECT_EQ(study.settings().data_sha256, "abc");
}

TEST_F(StudyTest, BeginsEachTrialOnceAndNoMoreThanAskedFor) {
  Study one(path_);
  one.set_num_trials(3);
  Study two(path_);
  const auto first = one.begin_trial();
  const auto second = two.begin_trial();
  const auto third = one.begin_trial();
  ASSERT_TRUE(first && second && third);
  EXPECT_THAT((std::vector{first->id, second->id, third->id}), ElementsAre(1, 2, 3));
  EXPECT_NE(first->point, second->point);
  EXPECT_FALSE(two.begin_trial());
  one.set_num_trials(4);
  EXPECT_TRUE(two.begin_trial()) << "it is told by the study";
}

TEST_F(StudyTest, KeepsTheBestEpochOfEachTrial) {
  Study study(path_);
  const Trial trial = *study.begin_trial();
  study.record_epoch(trial.id, 1, 0.8, 0.5, 1);
  study.record_epoch(trial.id, 2, 0.9, 0.4, 2);
  study.record_epoch(trial.id, 3, 0.9, 0.3, 3);
  study.record_epoch(trial.id, 4, 0.85, 0.2, 4);
  EXPECT_FALSE(study.best()) << "none has finished";
  study.end_trial(trial.id, TrialState::kFinished);
  const Trial kept = study.trials().at(0);
  EXPECT_EQ(kept.state, TrialState::kFinished);
  EXPECT_EQ(kept.epochs, 4);
  EXPECT_EQ(kept.score, 0.9);
  EXPECT_EQ(kept.loss, 0.3);
  EXPECT_EQ(kept.seconds, 4);
  EXPECT_EQ(kept.point, trial.point);
  EXPECT_EQ(study.best()->id, trial.id);
}

TEST_F(StudyTest, TheBestIsFinishedAndHasTheHighestScoreThenTheLowestLoss) {
  Study study(path_);
  const auto run = [&](double score, double loss, TrialState state) {
    const Trial trial = *study.begin_trial();
    study.record_epoch(trial.id, 1, score, loss, 1);
    study.end_trial(trial.id, state);
  };
  run(0.99, 0.1, TrialState::kStopped);
  run(0.9, 0.3, TrialState::kFinished);
  run(0.9, 0.2, TrialState::kFinished);
  run(0.8, 0.1, TrialState::kFinished);
  EXPECT_EQ(study.best()->id, 3);
}

TEST_F(StudyTest, FreshSeedsDecideAmongThoseThatHaveThem) {
  Study study(path_);
  for (const double score : {0.95, 0.94, 0.9}) {
    const Trial trial = *study.begin_trial();
    study.record_epoch(trial.id, 1, score, 0.1, 1);
    study.end_trial(trial.id, TrialState::kFinished);
  }
  study.add_fresh_score(1, 0.8);
  study.add_fresh_score(1, 0.9);
  study.add_fresh_score(2, 0.89);
  study.add_fresh_score(2, 0.93);
  EXPECT_THAT(study.trials().at(0).fresh_scores, ElementsAre(0.8, 0.9));
  EXPECT_EQ(study.trials().at(0).score, 0.95) << "what the search saw is kept";
  EXPECT_DOUBLE_EQ(study.best()->final_score(), 0.91);
  EXPECT_EQ(study.best()->id, 2);
  study.add_fresh_score(1, 0.1);
  EXPECT_EQ(study.best()->id, 1) << "more is known of it";
}

TEST_F(StudyTest, TrialsOfOtherMachinesAreTakenOverOnlyWhereSomebodySaysSo) {
  Study study(path_);
  study.begin_trial();
  {
    Database database(path_);
    database.execute("UPDATE trials SET worker = 'elsewhere 12 345'");
  }
  EXPECT_THAT(study.other_machines(), ElementsAre("elsewhere"));
  EXPECT_EQ(study.reclaim_lost_trials(), 0);
  EXPECT_EQ(study.reclaim_lost_trials(Study::Lost::kAll), 1);
  EXPECT_THAT(study.other_machines(), testing::IsEmpty());
  EXPECT_EQ(study.begin_trial()->id, 1);
}

TEST_F(StudyTest, TellsWhatOthersHadAtAnEpoch) {
  Study study(path_);
  for (int i = 0; i < 3; ++i) study.begin_trial();
  study.record_epoch(1, 1, 0.5, 1, 1);
  study.record_epoch(1, 2, 0.4, 1, 1);
  study.record_epoch(2, 1, 0.6, 1, 1);
  EXPECT_THAT(study.other_scores(3, 1), UnorderedElementsAre(0.5, 0.6));
  EXPECT_THAT(study.other_scores(2, 1), ElementsAre(0.5));
  EXPECT_THAT(study.other_scores(3, 2), ElementsAre(0.5)) << "its best until then";
}

TEST_F(StudyTest, ATrialWhoseProcessWasKilledIsBegunAgainAtItsPoint) {
  SearchPoint point;
  in_killed_process([&] {
    Study study(path_);
    const Trial trial = *study.begin_trial();
    study.record_epoch(trial.id, 1, 0.5, 1, 1);
  });
  Study study(path_);
  const Trial lost = study.trials().at(0);
  EXPECT_EQ(lost.state, TrialState::kRunning);
  const Trial own = *study.begin_trial();
  EXPECT_EQ(own.id, 2) << "nobody else's";
  EXPECT_EQ(study.reclaim_lost_trials(), 1);
  EXPECT_EQ(study.reclaim_lost_trials(), 0);
  EXPECT_EQ(study.trials().at(1).state, TrialState::kRunning) << "this process is there";
  const Trial again = *study.begin_trial();
  EXPECT_EQ(again.id, 1);
  EXPECT_EQ(again.point, lost.point);
  EXPECT_EQ(again.epochs, 0);
  EXPECT_TRUE(study.other_scores(2, 1).empty()) << "what it had recorded is gone";
}

TEST_F(StudyTest, FailedTrialsSayWhy) {
  Study study(path_);
  study.begin_trial();
  study.end_trial(1, TrialState::kFailed, "step 3: the loss is nan");
  EXPECT_EQ(study.trials().at(0).message, "step 3: the loss is nan");
}

TEST_F(StudyTest, IsNotCreatedTwiceNorReadFromWhatIsNone) {
  expect_error(ErrorCode::kInvalidArgument, {"study.sqlite exists already", "--resume"},
               [&] { Study::create(path_, settings()); });
  expect_error(ErrorCode::kBadData, {"absent", "study not found"},
               [&] { Study study(folder_ / "absent"); });
  write_file_atomically(folder_ / "text", std::string(5000, 'x'));
  expect_error(ErrorCode::kBadData, {"/text"}, [&] { Study study(folder_ / "text"); });
  { const Database other(folder_ / "other"); }
  expect_error(ErrorCode::kBadData, {"/other", "expected a study"},
               [&] { Study study(folder_ / "other"); });
  {
    Database database(path_);
    database.execute("UPDATE study SET value = '9' WHERE key = 'format'");
  }
  expect_error(ErrorCode::kBadData, {"study format 2, found '9'"}, [&] { Study study(path_); });
}

TEST_F(StudyTest, RefusesPointsThatAreNone) {
  Study study(path_);
  study.begin_trial();
  for (const char* point : {"[0.5]", "[0.5, 1.5]", "[0.5, -0.1]", "x", "{}", "[0.5, \"x\"]"}) {
    Database database(path_);
    Database::Statement(database, "UPDATE trials SET point = ?1").bind(std::string(point)).step();
    expect_error(ErrorCode::kBadData, {"not a point of the search space"}, [&] { study.trials(); });
  }
}

}  // namespace
}  // namespace digitry::test
