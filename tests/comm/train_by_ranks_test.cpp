#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "digitry/base/words.h"
#include "digitry/training/run_folder.h"
#include "tests/app/digitry.h"
#include "tests/comm/mpirun.h"
#include "tests/training/weights.h"

// `mpirun -np N digitry train`, as a user starts it.

namespace digitry::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

std::vector<std::string> training(const std::string& out, std::vector<std::string> more = {}) {
  std::vector<std::string> words = small_training(out, std::move(more));
  words.insert(words.begin(), "digitry");
  return words;
}

std::vector<std::string> resuming(const std::string& out, std::vector<std::string> more = {}) {
  std::vector<std::string> words{"digitry", "train", "--resume", "--out", out, "--no-report"};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

bool same_model(const fs::path& a, const fs::path& b) {
  const Model one = load_model(RunFolder{a}.model());
  const Model other = load_model(RunFolder{b}.model());
  for (std::size_t i = 0; i < one.members.size(); ++i)
    if (!same_weights(one.members[i].network, other.members.at(i).network)) return false;
  return one.members.size() == other.members.size();
}

class TrainByRanks : public testing::Test {
 protected:
  std::string in(const std::string& name) const { return (folder_ / name).string(); }

  TemporaryFolder folder_;
};

TEST_F(TrainByRanks, IsOneRunWithTheSameBitsForTheSameNumber) {
  const CommandResult first = run_ranks(2, training(in("first"), {"--epochs", "2"}));
  ASSERT_EQ(first.exit_status, 0) << first.err;
  // Open MPI may have something of its own to say before.
  EXPECT_THAT(first.err, HasSubstr("2 ranks on 1 host: "));
  EXPECT_THAT(first.err, HasSubstr("epoch 2/2"));
  EXPECT_EQ(first.err.find("epoch 1/2"), first.err.rfind("epoch 1/2")) << "printed by two ranks";
  EXPECT_THAT(first.out, HasSubstr("test accuracy"));
  EXPECT_EQ(TemporaryFolder::names_in(in("first")),
            (std::vector<std::string>{"config.toml", "history.csv", "metrics.json",
                                      "model.safetensors"}));
  ASSERT_EQ(run_ranks(2, training(in("again"), {"--epochs", "2"})).exit_status, 0);
  EXPECT_TRUE(same_model(in("first"), in("again")));
}

TEST_F(TrainByRanks, GoesOnAfterAKillAndWithAnotherNumber) {
  const std::string out = in("run");
  const std::vector<std::string> start =
      training(out, {"--epochs", "40", "--checkpoint-every", "0", "--validation", "0"});
  ChildProcess job(mpirun(2, start), mpi_options());
  while (job.running() && !fs::exists(RunFolder{out}.checkpoint()))
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  const std::vector<pid_t> ranks = children_of(job.pid());
  ASSERT_EQ(ranks.size(), 2u);
  kill(ranks[1], SIGKILL);
  const CommandResult killed = job.wait();
  EXPECT_NE(killed.exit_status, 0);
  // mpirun names rank, host and signal.
  EXPECT_THAT(killed.err, testing::ContainsRegex("rank 1 .*on node .*signal 9"));
  ASSERT_FALSE(RunFolder{out}.finished());

  const CommandResult resumed = run_ranks(3, resuming(out));
  ASSERT_EQ(resumed.exit_status, 0) << resumed.err;
  EXPECT_THAT(resumed.err, HasSubstr("resuming"));
  EXPECT_TRUE(RunFolder{out}.finished());
  EXPECT_THAT(file_bytes(RunFolder{out}.history()), HasSubstr("\n40,"));
}

TEST_F(TrainByRanks, StopsOnAllRanksWhenMpirunIsInterrupted) {
  const std::string out = in("run");
  ChildProcess job(mpirun(2, training(out, {"--epochs", "1000", "--checkpoint-every", "1000"})),
                   mpi_options());
  while (job.running() && job.err_so_far().find("epoch 1/") == std::string::npos)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  job.send_signal(SIGINT);
  EXPECT_NE(job.wait().exit_status, 0);
  // No checkpoint was due: the ranks saved because they were asked to stop.
  EXPECT_TRUE(fs::exists(RunFolder{out}.checkpoint()));
}

// Two hosts are two network namespaces that reach each other by TCP alone.
TEST_F(TrainByRanks, ConnectsHostsByTcp) {
  const std::string out = in("run");
  std::vector<std::string> words = training(out, {"--epochs", "15", "--checkpoint-every", "0"});
  words[0] = command_path().string();
  words.insert(words.begin(), {DIGITRY_TWO_HOSTS, "2"});
  ChildProcess job(words, mpi_options());
  while (job.running() && !fs::exists(RunFolder{out}.checkpoint()))
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  // The rank of the second host.
  for (const fs::path& process : list_folder("/proc")) {
    std::ifstream file(process / "environ");
    std::stringstream environment;
    environment << file.rdbuf();
    std::ifstream words_of(process / "cmdline");
    std::stringstream line;
    line << words_of.rdbuf();
    if (line.str().starts_with(words[2]) && line.str().find(out) != std::string::npos &&
        environment.str().find("OMPI_COMM_WORLD_RANK=1") != std::string::npos)
      kill(std::stoi(process.filename()), SIGKILL);
  }
  const CommandResult killed = job.wait();
  if (killed.exit_status == 77) GTEST_SKIP() << "no network namespaces here: " << killed.out;
  EXPECT_THAT(killed.err, testing::ContainsRegex("2 ranks on 2 hosts: .*-a \\(1\\), .*-b \\(1\\)"));
  EXPECT_THAT(killed.err, testing::ContainsRegex("rank 1 .*on node .*-b .*signal 9"));
  EXPECT_FALSE(RunFolder{out}.finished());
  std::vector<std::string> again = resuming(out);
  again[0] = command_path().string();
  again.insert(again.begin(), {DIGITRY_TWO_HOSTS, "4"});
  const CommandResult resumed = run_command(again, mpi_options());
  EXPECT_EQ(resumed.exit_status, 0) << resumed.err;
  EXPECT_THAT(resumed.err, HasSubstr("4 ranks on 2 hosts"));
  EXPECT_TRUE(RunFolder{out}.finished());
}

TEST_F(TrainByRanks, TakesWholeTrainingsOfSeedsAndEnsembles) {
  const CommandResult series = run_ranks(
      2,
      training(in("series"), {"--epochs", "1", "--seeds", "0-2", "--tensorboard", in("events")}));
  ASSERT_EQ(series.exit_status, 0) << series.err;
  EXPECT_THAT(series.out, HasSubstr("standard deviation of 3 seeds"));
  EXPECT_TRUE(fs::exists(in("series") + "/seeds.json"));
  for (const char* seed : {"0", "1", "2"})
    EXPECT_EQ(TemporaryFolder::names_in(in("events/series/seed-") + seed).size(), 1u) << seed;
  for (const char* seed : {"1", "2"}) {
    ASSERT_EQ(digitry(small_training(in(seed), {"--epochs", "1", "--seed", seed})).exit_status, 0);
    EXPECT_TRUE(same_model(in(seed), in("series") + "/seed-" + seed));
  }

  const fs::path recipe = folder_ / "pair.toml";
  write_file_atomically(recipe, std::string("[training]\nepochs = 1\nmembers = 2\n") + kTinyRecipe);
  const auto pair = [&](const std::string& out, std::vector<std::string> more = {}) {
    std::vector<std::string> words{
        "train", "--recipe", recipe.string(), "--data", small_mnist().string(),
        "--out", in(out),    "--no-report"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  };
  std::vector<std::string> by_ranks = pair("by-ranks", {"--ranks-per-training", "1"});
  by_ranks.insert(by_ranks.begin(), "digitry");
  const CommandResult ensemble = run_ranks(2, by_ranks);
  ASSERT_EQ(ensemble.exit_status, 0) << ensemble.err;
  ASSERT_EQ(digitry(pair("alone")).exit_status, 0);
  EXPECT_TRUE(same_model(in("by-ranks"), in("alone")));
  // The same by processes of one machine: each has one thread, as the run alone.
  ASSERT_EQ(digitry(pair("by-jobs", {"--jobs", "2"})).exit_status, 0);
  EXPECT_TRUE(same_model(in("by-jobs"), in("alone")));
}

TEST_F(TrainByRanks, ReportsWhatDiffersBetweenThem) {
  // Ranks 0 and 1 of one job, with different arguments. (The mpirun of Open MPI 5.0.7 crashes if it
  // is given two programs, with a ":" between them.)
  const auto differing = [&](const std::vector<std::string>& first,
                             const std::vector<std::string>& second) {
    const auto command_of = [](std::vector<std::string> program) {
      program[0] = command_path().string();
      std::string words;
      for (const std::string& word : program) words += shell_word(word) + " ";
      return words;
    };
    return run_ranks(2, {"sh", "-c",
                         "if [ $OMPI_COMM_WORLD_RANK = 0 ]; then exec " + command_of(first) +
                             "; else exec " + command_of(second) + "; fi"});
  };
  const CommandResult recipes =
      differing(training(in("a"), {"--epochs", "1"}), training(in("a"), {"--epochs", "2"}));
  EXPECT_EQ(recipes.exit_status, 3) << recipes.err;
  EXPECT_THAT(recipes.err, testing::ContainsRegex("error: rank 1 on .* the same recipe as rank 0"));

  std::vector<std::string> lost = training(in("b"));
  std::ranges::replace(lost, small_mnist().string(), in("nowhere"));
  const CommandResult data = differing(training(in("b")), lost);
  EXPECT_EQ(data.exit_status, 3) << data.err;
  EXPECT_THAT(data.err, HasSubstr("error: rank 1 on "));
  EXPECT_FALSE(fs::exists(in("b"))) << "nothing was to be written";
}

TEST_F(TrainByRanks, RefusesNumbersOfRanksThatDoNotFit) {
  const CommandResult many = run_ranks(3, training(in("a"), {"--batch-size", "2"}));
  EXPECT_EQ(many.exit_status, 2);
  EXPECT_THAT(many.err, HasSubstr("as images in a batch (2), got 3"));
  const CommandResult groups =
      run_ranks(3, training(in("b"), {"--seeds", "0-1", "--ranks-per-training", "2"}));
  EXPECT_EQ(groups.exit_status, 2);
  EXPECT_THAT(groups.err, HasSubstr("divisor of the number of ranks (3), got 2"));
}

TEST_F(TrainByRanks, ExplainsWhatIsMissing) {
  // MPICH's mpirun sets this; Open MPI then knows of one process alone.
  const CommandOptions started{.environment = {{"PMI_SIZE", "4"}}};
  const CommandResult other = digitry(small_training(in("a")), started);
  EXPECT_EQ(other.exit_status, 1);
  EXPECT_THAT(other.err, HasSubstr("mpirun started 4 processes, but"));
  // A command without its module is one that was built without MPI.
  fs::copy_file(command_path(), folder_ / "digitry");
  std::vector<std::string> words = small_training(in("b"));
  words.insert(words.begin(), in("digitry"));
  const CommandResult without = run_command(words, started);
  EXPECT_EQ(without.exit_status, 1);
  EXPECT_THAT(without.err, HasSubstr("was built without MPI. Install Open MPI"));
}

}  // namespace
}  // namespace digitry::test
