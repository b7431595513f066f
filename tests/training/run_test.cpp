#include "digitry/training/run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "digitry/base/file.h"
#include "digitry/base/parallel.h"
#include "tests/support/errors.h"
#include "tests/support/networks.h"
#include "tests/support/run_requests.h"
#include "tests/support/temporary_folder.h"

namespace digitry {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Run : public ::testing::Test {
 protected:
  test::TemporaryFolder folder_;
  RunRequest request_ = test::blobs_request(folder_.path());
};

TEST_F(Run, IsInMemoryWhatIsInItsFolder) {
  request_.checkpoint_seconds = 0;  // After each step; the last one is removed.
  const TrainedRun run = train_run(request_);
  const RunFolder& folder = run.held.folder;
  EXPECT_TRUE(folder.finished());
  EXPECT_EQ(read_file(folder.metrics(), 1 << 20), run.metrics);
  EXPECT_EQ(read_file(folder.model(), 1 << 20), model_to_bytes(run.model));
  EXPECT_EQ(read_file(folder.history(), 1 << 20), to_csv(run.history));
  EXPECT_EQ(read_file(folder.config(), 1 << 20), to_toml(run.recipe));
  ASSERT_TRUE(run.evaluation);
  EXPECT_EQ(run.evaluation->split, "test");
  const RunMetrics metrics = read_run_metrics(folder);
  EXPECT_EQ(metrics.split, "test");
  EXPECT_EQ(metrics.command, "a program");
  EXPECT_EQ(metrics.num_steps, run.facts.num_steps);
  EXPECT_EQ(metrics.best_epoch, run.history.best_epoch);
}

TEST_F(Run, OfSeveralNetworksIsTheirEnsemble) {
  request_.recipe.members = 2;
  std::vector<std::int64_t> begun;
  RunObserver observer;
  observer.on_member = [&](std::int64_t index, std::int64_t count) {
    EXPECT_EQ(count, 2);
    begun.push_back(index);
  };
  const TrainedRun run = train_run(request_, observer);
  EXPECT_THAT(begun, ElementsAre(0, 1));
  EXPECT_EQ(run.model.members.size(), 2u);
  const RunMetrics first = read_run_metrics({run.held.folder.path / "members" / "0"});
  EXPECT_EQ(run.facts.num_steps, 2 * first.num_steps);
}

TEST_F(Run, SaysThatItWentOnWithFewerThreads) {
  const ScopedNumThreads scope(2);
  EXPECT_THAT(train_run(request_).metrics, testing::Not(HasSubstr("fewest_threads")));
  request_.out = (folder_.path() / "spared").string();
  request_.recipe.members = 2;
  RunObserver observer;
  observer.num_threads = [] { return 1; };
  const TrainedRun run = train_run(request_, observer);
  EXPECT_EQ(run.facts.num_threads, 2);
  EXPECT_EQ(run.facts.fewest_threads, 1);
  EXPECT_THAT(run.metrics, HasSubstr("\"fewest_threads\": 1"));
  EXPECT_EQ(num_threads(), 2) << "the caller's number stays";
}

TEST_F(Run, GoesOnWhereItWasStopped) {
  RunObserver stopped;
  std::int64_t steps = 0;
  stopped.should_stop = [&] { return ++steps == 1; };
  test::expect_error(ErrorCode::kInterrupted, {"stopped after step 1", "to continue"},
                     [&] { train_run(request_, stopped); });
  EXPECT_FALSE(RunFolder{request_.out}.finished());
  test::expect_error(ErrorCode::kBadData, {"not finished"},
                     [&] { read_run_metrics({request_.out}); });
  request_.resume = true;
  RunObserver resuming;
  resuming.on_start = [&](const Trainer& trainer, const RunFolder& folder) {
    EXPECT_EQ(trainer.num_steps_done(), 1);
    EXPECT_EQ(folder.path, request_.out);
  };
  const TrainedRun resumed = train_run(request_, resuming);
  request_.resume = false;
  request_.out += "-whole";
  const TrainedRun whole = train_run(request_);
  EXPECT_EQ(model_to_bytes(resumed.model), model_to_bytes(whole.model));
}

TEST_F(Run, RefusesBadRequestsBeforeItWritesAnything) {
  request_.recipe.layers = {test::dense(3)};
  test::expect_error(ErrorCode::kBadData, {"a recipe", "put a flatten layer before it"},
                     [&] { train_run(request_); });
  request_.recipe.layers = {test::flatten(), test::dense(3)};
  request_.recipe.data = (folder_ / "none").string();
  test::expect_error(ErrorCode::kBadData, {"none"}, [&] { train_run(request_); });
  EXPECT_FALSE(path_exists(request_.out));
}

}  // namespace
}  // namespace digitry
