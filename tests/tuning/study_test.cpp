#include "digitry/tuning/study.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <mutex>
#include <thread>

#include "digitry/tuning/heartbeat.h"
#include "tests/support/blobs.h"
#include "tests/support/errors.h"
#include "tests/support/temporary_folder.h"
#include "tests/tuning/study_places.h"

namespace digitry::test {
namespace {

using testing::ElementsAre;
using testing::UnorderedElementsAre;

class StudyTest : public testing::Test {
 protected:
  StudyTest() { Study::create(path_, settings()); }

  std::string location(const std::string& name) const {
    return study_location(folder_.path(), name);
  }

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
  const std::string path_ = location("study");
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
  study.record_fresh_score(1, 1, 0.8);
  study.record_fresh_score(1, 2, 0.9);
  study.record_fresh_score(2, 1, 0.89);
  study.record_fresh_score(2, 2, 0.93);
  EXPECT_THAT(study.trials().at(0).fresh_scores, ElementsAre(0.8, 0.9));
  EXPECT_EQ(study.trials().at(0).score, 0.95) << "what the search saw is kept";
  EXPECT_DOUBLE_EQ(study.best()->final_score(), 0.91);
  EXPECT_EQ(study.best()->id, 2);
  study.record_fresh_score(1, 3, 0.1);
  EXPECT_EQ(study.best()->id, 1) << "more is known of it";
}

TEST_F(StudyTest, TakesOverTrialsOfProcessesThatNoLongerReport) {
  Study lost(path_);
  const Trial first = *lost.begin_trial();
  lost.record_epoch(first.id, 1, 0.5, 1, 1);
  run_sql(path_, "UPDATE trials SET worker = 'elsewhere 12 345 boot/pid'");
  Study study(path_);
  EXPECT_EQ(study.begin_trial()->id, 2) << "the other one reported just now";
  EXPECT_EQ(study.trials().at(0).host, "elsewhere");
  EXPECT_EQ(study.num_open(), 2);
  run_sql(path_, "UPDATE trials SET heartbeat = heartbeat - 100 WHERE id = 1");
  if (is_server_url(path_))  // The server has just started: processes had no time to report.
    EXPECT_EQ(study.reclaim_lost_trials(), 0);
  else
    EXPECT_EQ(study.reclaim_lost_trials(), 1);
}

TEST_F(StudyTest, IgnoresWhatAProcessRecordsAfterItLostItsTrial) {
  Study lost(path_);
  const Trial first = *lost.begin_trial();
  lost.record_epoch(first.id, 1, 0.5, 1, 1);
  run_sql(path_, "UPDATE trials SET state = 'waiting', claim = ''");
  Study study(path_);
  const Trial again = *study.begin_trial();
  ASSERT_EQ(again.id, first.id);
  EXPECT_EQ(again.point, first.point);
  EXPECT_FALSE(lost.record_epoch(first.id, 2, 0.9, 1, 2));
  EXPECT_TRUE(study.record_epoch(again.id, 1, 0.7, 1, 1));
  EXPECT_FALSE(lost.end_trial(first.id, TrialState::kFinished));
  EXPECT_EQ(study.trials().at(0).state, TrialState::kRunning);
  EXPECT_EQ(study.trials().at(0).score, 0.7);
  EXPECT_TRUE(study.end_trial(again.id, TrialState::kFinished));
  ASSERT_EQ(study.epochs().size(), 1u);
  EXPECT_EQ(study.epochs()[0].score, 0.7);
  const Trial kept = study.trials().at(0);
  EXPECT_GT(kept.begun, 1.7e9);
  EXPECT_GE(kept.ended_at, kept.begun);
}

TEST_F(StudyTest, ReportsWhileATrialRuns) {
  Study study(path_);
  const Trial trial = *study.begin_trial();
  run_sql(path_, "UPDATE trials SET heartbeat = 1");
  Heartbeat heartbeat(study, std::chrono::milliseconds(10));
  heartbeat.set_trial(trial.id);
  const auto reported = [&] {
    return run_sql(path_, "SELECT heartbeat FROM trials")[0].real(0) > 1.7e9;
  };
  for (int i = 0; i < 1000 && !reported(); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_TRUE(reported());
}

TEST_F(StudyTest, EachTrialRunsOnceWithEightWorkers) {
  constexpr std::int64_t kTrials = 60;
  Study(path_).set_num_trials(kTrials);
  std::mutex mutex;
  std::map<std::int64_t, int> begun;
  const auto work = [&] {
    Study study(path_);
    while (const std::optional<Trial> trial = study.begin_trial()) {
      {
        const std::lock_guard lock(mutex);
        ++begun[trial->id];
      }
      EXPECT_TRUE(study.record_epoch(trial->id, 1, 0.5, 1, 1));
      EXPECT_TRUE(study.end_trial(trial->id, TrialState::kFinished));
    }
  };
  std::vector<std::thread> workers;
  for (int i = 0; i < 8; ++i) workers.emplace_back(work);
  for (std::thread& worker : workers) worker.join();
  EXPECT_EQ(std::ssize(begun), kTrials);
  for (const auto& [id, times] : begun) EXPECT_EQ(times, 1) << id;
  Study study(path_);
  EXPECT_EQ(study.num_open(), 0);
  EXPECT_EQ(std::ssize(study.trials()), kTrials);
}

TEST_F(StudyTest, IsJoinedByProcessesWithTheSameSettings) {
  Study one(path_);
  one.begin_trial();
  StudySettings same = settings();
  same.num_trials = 99;
  Study two = Study::join(path_, same);
  EXPECT_EQ(two.settings().num_trials, 30);
  EXPECT_EQ(two.begin_trial()->id, 2);
  StudySettings other = settings();
  other.seed = 8;
  expect_error(ErrorCode::kInvalidArgument, {"another recipe, space, sampler, seed"},
               [&] { Study::join(path_, other); });
  Study fresh = Study::join(location("fresh"), other);
  EXPECT_EQ(fresh.settings().seed, 8u);
  EXPECT_EQ(fresh.begin_trial()->id, 1);
}

TEST_F(StudyTest, KeepsTheFirstScoreOfAFreshSeed) {
  Study study(path_);
  study.begin_trial();
  study.record_fresh_score(1, 1, 0.5);
  study.record_fresh_score(1, 1, 0.6);
  EXPECT_THAT(study.trials().at(0).fresh_scores, ElementsAre(0.5));
}

TEST_F(StudyTest, BringsAnOlderStudyToThisFormat) {
  {
    Study study(path_);
    study.begin_trial();
    study.record_epoch(1, 1, 0.5, 1, 1);
    study.end_trial(1, TrialState::kFinished);
    study.begin_trial();
  }
  for (const char* sql :
       {"DROP INDEX trials_by_state", "DROP INDEX epochs_by_epoch",
        "ALTER TABLE trials DROP COLUMN claim", "ALTER TABLE trials DROP COLUMN heartbeat",
        "ALTER TABLE trials DROP COLUMN begun", "ALTER TABLE trials DROP COLUMN ended",
        "UPDATE trials SET worker = 'elsewhere 1 2'",
        "UPDATE study SET value = '2' WHERE key = 'format'"})
    run_sql(path_, sql);
  Study study(path_);
  EXPECT_EQ(run_sql(path_, "SELECT value FROM study WHERE key = 'format'")[0].text(0), "3");
  EXPECT_EQ(study.trials().at(0).score, 0.5);
  EXPECT_EQ(study.num_open(), 1);
  EXPECT_EQ(study.begin_trial()->id, is_server_url(path_) ? 3 : 2);
}

TEST_F(StudyTest, RefusesANewerStudy) {
  run_sql(path_, "UPDATE study SET value = '4' WHERE key = 'format'");
  expect_error(ErrorCode::kBadData, {"newer version of digitry", "format 3 or older, found 4"},
               [&] { Study study(path_); });
  run_sql(path_, "UPDATE study SET value = 'x' WHERE key = 'format'");
  expect_error(ErrorCode::kBadData, {"format 2 to 3, found 'x'"}, [&] { Study study(path_); });
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
  const Trial again = *study.begin_trial();
  EXPECT_EQ(again.id, 1);
  EXPECT_EQ(again.point, lost.point);
  EXPECT_EQ(again.epochs, 0);
  EXPECT_TRUE(study.epochs().empty()) << "what it had recorded is gone";
  EXPECT_EQ(study.begin_trial()->id, 2) << "this process is there";
  EXPECT_EQ(study.reclaim_lost_trials(), 0);
}

TEST_F(StudyTest, FailedTrialsSayWhy) {
  Study study(path_);
  study.begin_trial();
  study.end_trial(1, TrialState::kFailed, "step 3: the loss is nan");
  EXPECT_EQ(study.trials().at(0).message, "step 3: the loss is nan");
}

TEST_F(StudyTest, IsNotCreatedTwice) {
  expect_error(ErrorCode::kInvalidArgument, {"exists already", "--resume"},
               [&] { Study::create(path_, settings()); });
  expect_error(ErrorCode::kBadData, {}, [&] { Study study(location("absent")); });
}

TEST_F(StudyTest, RefusesPointsThatAreNone) {
  Study study(path_);
  study.begin_trial();
  for (const char* point : {"[0.5]", "[0.5, 1.5]", "[0.5, -0.1]", "x", "{}", "[0.5, \"x\"]"}) {
    run_sql(path_, std::string("UPDATE trials SET point = '") + point + "'");
    expect_error(ErrorCode::kBadData, {"not a point of the search space"}, [&] { study.trials(); });
  }
}

}  // namespace
}  // namespace digitry::test
