#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "digitry/base/error.h"
#include "digitry/base/file.h"
#include "digitry/training/recipe.h"
#include "digitry/tuning/study.h"
#include "tests/app/digitry.h"

// `digitry tune` as a process: finished, interrupted, killed, resumed, shared by workers.

namespace digitry::test {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::HasSubstr;

constexpr const char* kSpace = R"(
["optimizer.learning_rate"]
low = 0.0001
high = 0.05
log = true
["layers.3.rate"]
low = 0.0
high = 0.5
["training.batch_size"]
choices = [64, 128]
)";

class TuneCommand : public testing::Test {
 protected:
  TuneCommand() { write_file_atomically(space_, kSpace); }

  std::vector<std::string> arguments(const std::string& out, std::vector<std::string> more) const {
    std::vector<std::string> all{
        "tune",  "notebook", "--space",  space_, "--data", small_mnist().string(),
        "--out", out,        "--epochs", "3"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  static std::vector<Trial> trials_of(const std::string& folder) {
    return Study(fs::path(folder) / "study.sqlite").trials();
  }

  const TemporaryFolder folder_;
  const std::string space_ = folder_ / "space.toml";
  const std::string out_ = folder_ / "study";
};

TEST_F(TuneCommand, WritesARecipeThatTrainTakes) {
  const CommandResult result = digitry(arguments(out_, {"--trials", "6", "--json"}));
  ASSERT_EQ(result.exit_status, 0) << result.err;
  const json got = json::parse(result.out);
  EXPECT_EQ(got["trials"], 6);
  EXPECT_GT(got["best"]["val_accuracy"], 0.8);
  EXPECT_THAT(result.err, HasSubstr("trial 6/6"));
  const Recipe best = find_recipe(out_ + "/best.toml");
  EXPECT_EQ(best.name, "notebook-tuned");
  EXPECT_EQ(std::get<Adam>(best.optimizer).learning_rate,
            got["best"]["parameters"]["optimizer.learning_rate"].get<double>());
  EXPECT_EQ(best.batch_size, got["best"]["parameters"]["training.batch_size"]);

  const std::string run = folder_ / "run";
  ASSERT_EQ(
      digitry({"train", "--recipe", out_ + "/best.toml", "--out", run, "--no-report"}).exit_status,
      0);
  // The same split and seed as in the search.
  const std::string history = file_bytes(run + "/history.csv");
  EXPECT_THAT(history, HasSubstr(fmt::format("{}", got["best"]["val_accuracy"].get<double>())));
}

TEST_F(TuneCommand, GoesOnAfterKill9) {
  std::vector<std::string> command = arguments(out_, {"--trials", "1000", "--threads", "1"});
  command.insert(command.begin(), "digitry");
  ChildProcess search(command);
  const fs::path study = fs::path(out_) / "study.sqlite";
  // In the middle of a trial, if that can be seen in time: one takes some milliseconds.
  const auto is_running = [](const Trial& trial) { return trial.state == TrialState::kRunning; };
  for (int i = 0; i < 6000; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    if (!path_exists(study)) continue;
    try {
      const std::vector<Trial> trials = Study(study).trials();
      if (trials.size() >= 3 && std::ranges::any_of(trials, is_running)) break;
    } catch (const Error&) {  // It is just being made.
    }
  }
  search.send_signal(SIGKILL);
  EXPECT_EQ(search.wait().exit_status, 128 + SIGKILL);
  const std::vector<Trial> killed = trials_of(out_);
  const std::size_t before = killed.size();
  ASSERT_GE(before, 3u);
  const std::string in_all = std::to_string(before + 2);
  const CommandResult second = digitry({"tune", "--resume", "--out", out_, "--trials", in_all});
  ASSERT_EQ(second.exit_status, 0) << second.err;
  if (std::ranges::any_of(killed, is_running)) {
    EXPECT_THAT(second.err, HasSubstr("whose processes no longer exist"));
  }
  const std::vector<Trial> trials = trials_of(out_);
  EXPECT_EQ(trials.size(), before + 2);
  for (const Trial& trial : trials)
    EXPECT_TRUE(trial.state == TrialState::kFinished || trial.state == TrialState::kStopped);
}

TEST_F(TuneCommand, WorkersShareTheStudy) {
  const CommandResult result = digitry(arguments(out_, {"--trials", "7", "--jobs", "2"}));
  ASSERT_EQ(result.exit_status, 0) << result.err;
  EXPECT_EQ(trials_of(out_).size(), 7u);
  EXPECT_THAT(result.out, HasSubstr("best validation"));
  for (int i = 1; i <= 7; ++i) EXPECT_THAT(result.err, HasSubstr(fmt::format("trial {}/7", i)));
}

TEST_F(TuneCommand, TrainsTheBestAgainWithFreshSeeds) {
  const CommandResult result =
      digitry(arguments(out_, {"--trials", "4", "--seeds", "2", "--no-stopping"}));
  ASSERT_EQ(result.exit_status, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("with 2 fresh seeds"));
  EXPECT_THAT(result.out, HasSubstr("with fresh seeds"));
  // The fresh scores are part of the study: the best trial is the same when it is resumed.
  const std::string best = file_bytes(out_ + "/best.toml");
  const CommandResult again = digitry({"tune", "--resume", "--out", out_});
  ASSERT_EQ(again.exit_status, 0) << again.err;
  EXPECT_EQ(file_bytes(out_ + "/best.toml"), best);
  EXPECT_EQ(trials_of(out_).size(), 4u) << "as many as were asked for at first";
}

TEST_F(TuneCommand, StopsItsWorkersWhereScriptsIgnoreCtrlC) {
  std::vector<std::string> command =
      arguments(out_, {"--trials", "1000", "--no-stopping", "--jobs", "2"});
  // As a background job of a script.
  command.insert(command.begin(),
                 {"bash", "-c", "trap '' INT; exec \"$0\" \"$@\"", command_path().string()});
  ChildProcess search(command);
  const fs::path study = fs::path(out_) / "study.sqlite";
  for (int i = 0; i < 600; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    try {
      if (path_exists(study) && Study(study).best()) break;
    } catch (const Error&) {  // It is just being made.
    }
  }
  search.send_signal(SIGTERM);
  const CommandResult result = search.wait();
  EXPECT_EQ(result.exit_status, 130);
  EXPECT_THAT(result.err, HasSubstr("the best recipe so far in best.toml"));
  EXPECT_THAT(result.err, HasSubstr("--jobs 2"));
  find_recipe(out_ + "/best.toml");
  for (const Trial& trial : trials_of(out_)) EXPECT_NE(trial.state, TrialState::kRunning);
}

TEST_F(TuneCommand, SaysWhatIsWrongBeforeItBegins) {
  const auto refuse = [&](const std::string& space, int status, const std::string& part) {
    write_file_atomically(space_, space);
    const CommandResult result = digitry(arguments(out_, {}));
    EXPECT_EQ(result.exit_status, status) << space;
    EXPECT_THAT(result.err, HasSubstr(part));
    EXPECT_FALSE(fs::exists(out_)) << "nothing is left behind";
  };
  refuse("[\"layers.9.rate\"]\nlow = 0.0\nhigh = 0.5", 3, "no layer '9'");
  refuse("[\"optimizer.rate\"]\nlow = 0.0\nhigh = 0.5", 3, "rate");
  refuse("", 3, "nothing to search");
  refuse("[optimizer.learning_rate]\nlow = 0.1\nhigh = 0.5", 3,
         "expected the path in quotes: [\"optimizer.learning_rate\"]");
  refuse("[\"layers.3.rate\"]\nlow = 0.0\nhigh = 2.0", 3, "[\"layers.3.rate\"]: invalid value 2");
  refuse("[\"training.seed\"]\nlow = 0\nhigh = 9", 3, "cannot be searched");
  for (const std::string table : {"test_time_augmentation", "views"})
    refuse("[\"" + table + ".rotation\"]\nlow = 0.0\nhigh = 9.0", 3, "cannot be searched");
  const CommandResult no_data =
      digitry({"tune", "notebook", "--space", space_, "--data", folder_ / "none", "--out", out_});
  EXPECT_EQ(no_data.exit_status, 3);
  EXPECT_FALSE(fs::exists(out_));
  EXPECT_EQ(digitry({"tune", "notebook"}).exit_status, 2);
  EXPECT_EQ(digitry({"tune", "--resume"}).exit_status, 2);
  EXPECT_EQ(digitry({"tune", "--resume", "--out", out_, "--epochs", "7"}).exit_status, 2);
  EXPECT_EQ(digitry({"tune", "--resume", "--out", folder_ / "none"}).exit_status, 3);
}

}  // namespace
}  // namespace digitry::test
