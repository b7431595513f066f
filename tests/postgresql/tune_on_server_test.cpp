#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "digitry/base/error.h"
#include "digitry/base/file.h"
#include "digitry/tuning/study.h"
#include "tests/app/digitry.h"
#include "tests/comm/mpirun.h"
#include "tests/postgresql/shared_server.h"
#include "tests/tuning/study_places.h"

// `digitry tune --study postgresql://...`: processes that share nothing but the server.

namespace digitry::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

class TuneOnServer : public testing::Test {
 protected:
  TuneOnServer() {
    write_file_atomically(space_, "[\"optimizer.learning_rate\"]\nlow = 0.001\nhigh = 0.05");
  }

  std::vector<std::string> search(const std::string& out, std::vector<std::string> more) const {
    std::vector<std::string> all{
        "digitry", "tune",        "notebook", "--space", space_, "--data", small_mnist().string(),
        "--out",   folder_ / out, "--epochs", "1"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  CommandOptions options() const {
    CommandOptions options;
    options.environment = {{"DIGITRY_STUDY", url_}, {"OMP_NUM_THREADS", "1"}};
    return options;
  }
  // Process ids of workers that run trials.
  std::vector<pid_t> workers() const {
    std::vector<pid_t> found;
    for (const SqlRow& row : run_sql(url_, "SELECT worker FROM trials WHERE state = 'running'")) {
      std::istringstream words(row.text(0));
      std::string host;
      pid_t pid = 0;
      words >> host >> pid;
      found.push_back(pid);
    }
    return found;
  }

  const TemporaryFolder folder_;
  const std::string space_ = folder_ / "space.toml";
  const std::string url_ = study_location(folder_.path(), "tune");
};

TEST_F(TuneOnServer, TwoSearchesShareAStudyAndAKilledWorkersTrial) {
  ChildProcess one(search("one", {"--trials", "24", "--jobs", "2"}), options());
  bool killed = false;
  for (int i = 0; i < 6000 && !killed; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    try {
      for (const pid_t pid : workers()) {
        if (killed) continue;
        const std::string command = read_file(fmt::format("/proc/{}/cmdline", pid), 1 << 16);
        EXPECT_THAT(command, HasSubstr("--worker"));
        EXPECT_THAT(command, Not(HasSubstr("secret"))) << "everybody can read it";
        killed = ::kill(pid, SIGKILL) == 0;
      }
    } catch (const Error&) {  // It is just being made.
    }
  }
  EXPECT_TRUE(killed);
  ChildProcess two(search("two", {"--trials", "24"}), options());
  const CommandResult first = one.wait();
  const CommandResult second = two.wait();
  EXPECT_EQ(first.exit_status, 0) << first.err;
  EXPECT_EQ(second.exit_status, 0) << second.err;
  const std::vector<Trial> trials = Study(url_).trials();
  EXPECT_EQ(trials.size(), 24u);
  for (const Trial& trial : trials)
    EXPECT_TRUE(trial.state == TrialState::kFinished || trial.state == TrialState::kStopped);
  EXPECT_EQ(file_bytes(folder_ / "one/best.toml"), file_bytes(folder_ / "two/best.toml"));
  EXPECT_TRUE(fs::exists(folder_ / "two/tune.html"));
  for (const std::string& text : {first.out, first.err, second.out, second.err})
    EXPECT_THAT(text, Not(HasSubstr("secret")));
  EXPECT_THAT(first.out, HasSubstr("postgresql://digitry@127.0.0.1"));

  // From another machine, which has no data set: the study alone.
  const CommandResult exported = run_command({"digitry", "tune", "--export", "-"}, options());
  ASSERT_EQ(exported.exit_status, 0) << exported.err;
  const auto json = nlohmann::json::parse(exported.out);
  EXPECT_EQ(json["trials"].size(), 24u);
  EXPECT_THAT(exported.out, Not(HasSubstr("secret")));
  // Other settings do not join.
  const CommandResult other = run_command(search("other", {"--seed", "1"}), options());
  EXPECT_EQ(other.exit_status, 2) << other.err;
  EXPECT_THAT(other.err, HasSubstr("another recipe, space, sampler, seed"));
  EXPECT_FALSE(fs::exists(folder_ / "other"));
}

#ifdef DIGITRY_WITH_MPI
TEST_F(TuneOnServer, RanksOfMpirunShareAStudy) {
  CommandOptions started = mpi_options();
  started.environment.emplace_back("DIGITRY_STUDY", url_);
  const CommandResult ran =
      run_command(mpirun(3, search("ranks", {"--trials", "12", "--no-stopping"})), started);
  ASSERT_EQ(ran.exit_status, 0) << ran.err;
  EXPECT_THAT(Study(url_).trials(),
              testing::AllOf(testing::SizeIs(12),
                             testing::Each(testing::Field(&Trial::state, TrialState::kFinished))));
  EXPECT_EQ(run_sql(url_, "SELECT DISTINCT worker FROM trials").size(), 3u);
  EXPECT_TRUE(fs::exists(folder_ / "ranks/best.toml"));
  EXPECT_TRUE(fs::exists(folder_ / "ranks/tune.html"));
  EXPECT_EQ(ran.out.find("best validation"), ran.out.rfind("best validation"));
  for (const std::string& text : {ran.out, ran.err}) EXPECT_THAT(text, Not(HasSubstr("secret")));
}
#endif

TEST_F(TuneOnServer, SaysWhatIsWrong) {
  CommandOptions wrong = options();
  wrong.environment[0].second = url_;
  const std::string password = "a%20secret%2F%40";
  wrong.environment[0].second.replace(url_.find(password), password.size(), "other-secret");
  const CommandResult refused = run_command(search("one", {}), wrong);
  EXPECT_EQ(refused.exit_status, 1);
  EXPECT_THAT(refused.err, HasSubstr("password authentication failed"));
  EXPECT_THAT(refused.err, Not(HasSubstr("secret")));
  EXPECT_FALSE(fs::exists(folder_ / "one"));
  const CommandResult absent = run_command({"digitry", "tune", "--resume"}, options());
  EXPECT_EQ(absent.exit_status, 3);
  EXPECT_THAT(absent.err, HasSubstr("expected a study made by digitry tune, found none"));
}

}  // namespace
}  // namespace digitry::test
