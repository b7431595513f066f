#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <thread>

#include "digitry/base/file.h"
#include "digitry/tuning/study.h"
#include "tests/app/digitry.h"
#include "tests/comm/mpirun.h"
#include "tests/tuning/study_places.h"

// Work that ranks share without training together: `mpirun -np N digitry evaluate --corrupt` and
// `mpirun -np N digitry tune`, as a user starts them.

namespace digitry::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

int times(const std::string& text, const std::string& part) {
  int count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
    ++count;
  return count;
}

TEST(EvaluateByRanks, PrintsOneTableWithTheFiguresOfOneProcess) {
  const std::vector<std::string> words{"evaluate",  "tiny",      "--data", small_mnist().string(),
                                       "--corrupt", "fog,scale", "--seed", "3"};
  const CommandResult alone = digitry(words);
  ASSERT_EQ(alone.exit_status, 0) << alone.err;
  std::vector<std::string> program = words;
  program.insert(program.begin(), "digitry");
  // One rank for each of: the images as they are, fog, scale; and one without work.
  for (const int size : {2, 4}) {
    const CommandResult shared = run_ranks(size, program);
    ASSERT_EQ(shared.exit_status, 0) << shared.err;
    EXPECT_EQ(shared.out, alone.out);
    EXPECT_THAT(shared.err, HasSubstr(fmt::format("{} ranks on 1 host", size)));
  }
  // Without corruptions there is little to share, but one result.
  const std::vector<std::string> plain{"digitry", "evaluate", "tiny", "--data",
                                       small_mnist().string()};
  const CommandResult once = run_ranks(2, plain);
  ASSERT_EQ(once.exit_status, 0) << once.err;
  EXPECT_EQ(once.out, run_command(plain, {.environment = {{"OMP_NUM_THREADS", "1"}}}).out);
}

TEST(EvaluateByRanks, ReportsAnErrorOnce) {
  const auto refuse = [](std::vector<std::string> words, int status, const std::string& part) {
    const CommandResult ran = run_ranks(2, std::move(words));
    EXPECT_EQ(ran.exit_status, status);
    EXPECT_EQ(times(ran.err, part), 1) << ran.err;
    EXPECT_EQ(ran.out, "");
  };
  refuse({"digitry", "evaluate", "tiny", "--corrupt", "fogg"}, 2, "did you mean \"fog\"");
  // The second rank has other data than the first.
  const TemporaryFolder folder;
  fs::copy(small_mnist(), folder / "data");
  const std::string evaluate = command_path().string() + " evaluate tiny --corrupt fog --data ";
  refuse({"sh", "-c",
          "if [ $OMPI_COMM_WORLD_RANK = 0 ]; then exec " + evaluate + small_mnist().string() +
              "; else printf x | dd of=" + (folder / "data/t10k-images-idx3-ubyte").string() +
              " bs=1 seek=400 conv=notrunc 2>/dev/null; exec " + evaluate +
              (folder / "data").string() + "; fi"},
         3, "the same data as rank 0");
}

class TuneByRanks : public testing::Test {
 protected:
  TuneByRanks() {
    write_file_atomically(space_, "[\"optimizer.learning_rate\"]\nlow = 0.001\nhigh = 0.05");
  }

  std::vector<std::string> search(std::vector<std::string> more) const {
    std::vector<std::string> words{
        "digitry",  "tune", "notebook",      "--space", space_, "--data", small_mnist().string(),
        "--epochs", "2",    "--no-stopping", "--out",   out_};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  // Each trial ran and was printed once, by `num_workers` processes.
  void expect_study(const CommandResult& ran, int num_trials, int num_workers) const {
    ASSERT_EQ(ran.exit_status, 0) << ran.err;
    EXPECT_EQ(times(ran.out, "best validation"), 1);
    const std::string file = out_ + "/study.sqlite";
    EXPECT_THAT(
        Study(file).trials(),
        testing::AllOf(testing::SizeIs(num_trials),
                       testing::Each(testing::Field(&Trial::state, TrialState::kFinished))));
    for (int i = 1; i <= num_trials; ++i)
      EXPECT_EQ(times(ran.err, fmt::format("trial {}/{}  ", i, num_trials)), 1) << ran.err;
    EXPECT_EQ(run_sql(file, "SELECT DISTINCT worker FROM trials").size(),
              static_cast<std::size_t>(num_workers));
    EXPECT_TRUE(fs::exists(out_ + "/tune.html"));
    find_recipe(out_ + "/best.toml");
  }

  const TemporaryFolder folder_;
  const std::string space_ = folder_ / "space.toml";
  const std::string out_ = folder_ / "study";
};

TEST_F(TuneByRanks, EachTakesTrials) {
  expect_study(run_ranks(2, search({"--trials", "8"})), 8, 2);
  // The same command continues it, with more trials and by another number of ranks.
  const CommandResult more = run_ranks(
      3, {"digitry", "tune", "--resume", "--out", out_, "--trials", "10", "--seeds", "1"});
  ASSERT_EQ(more.exit_status, 0) << more.err;
  EXPECT_EQ(Study(out_ + "/study.sqlite").trials().size(), 10u);
  EXPECT_EQ(times(more.err, "trial 8/10"), 0) << "it had ended before";
  EXPECT_EQ(times(more.out, "with fresh seeds"), 1);
}

TEST_F(TuneByRanks, GroupsTrainTrialsTogether) {
  expect_study(run_ranks(4, search({"--trials", "6", "--ranks-per-training", "2"})), 6, 2);
}

TEST_F(TuneByRanks, SaysWhatIsWrong) {
  const auto refuse = [&](const CommandResult& ran, int status, const std::string& part) {
    EXPECT_EQ(ran.exit_status, status);
    EXPECT_EQ(times(ran.err, part), 1) << ran.err;
    EXPECT_FALSE(fs::exists(out_)) << "nothing is left behind";
  };
  refuse(run_ranks(2, search({"--jobs", "2"})), 2, "start 2 ranks instead");
  refuse(run_ranks(3, search({"--ranks-per-training", "2"})), 2, "divisor of the number of ranks");
  // Two hosts cannot share a file.
  std::vector<std::string> two_hosts = search({});
  two_hosts[0] = command_path().string();
  two_hosts.insert(two_hosts.begin(), {DIGITRY_TWO_HOSTS, "2"});
  const CommandResult ran = run_command(two_hosts, mpi_options());
  if (ran.exit_status == 77) GTEST_SKIP() << "no network namespaces here: " << ran.out;
  refuse(ran, 2, "pass --study postgresql://");
}

TEST_F(TuneByRanks, GoesOnAfterAKill) {
  ChildProcess job(mpirun(2, search({"--trials", "1000"})), mpi_options());
  const auto ranks = [&] { return children_of(job.pid()); };
  while (job.running() && job.err_so_far().find("trial 2/1000") == std::string::npos)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  ASSERT_EQ(ranks().size(), 2u);
  kill(ranks()[1], SIGKILL);
  const CommandResult killed = job.wait();
  EXPECT_NE(killed.exit_status, 0);
  EXPECT_THAT(killed.err, testing::ContainsRegex("rank 1 .*on node .*signal 9"));
  const auto done = std::to_string(Study(out_ + "/study.sqlite").trials().size() + 2);
  const CommandResult resumed =
      run_ranks(2, {"digitry", "tune", "--resume", "--out", out_, "--trials", done});
  ASSERT_EQ(resumed.exit_status, 0) << resumed.err;
  EXPECT_THAT(resumed.out, HasSubstr("of " + done + "; " + done + " finished"));
}

}  // namespace
}  // namespace digitry::test
