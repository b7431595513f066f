#include "apps/digitry/commands/train_seeds.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/app/digitry.h"
#include "tests/support/errors.h"

// `digitry train --seeds`: several trainings and what they come to together.

namespace digitry::test {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(ParseSeeds, TakesNumbersAndRanges) {
  EXPECT_THAT(app::parse_seeds("0-4"), ElementsAre(0, 1, 2, 3, 4));
  EXPECT_THAT(app::parse_seeds("7"), ElementsAre(7));
  EXPECT_THAT(app::parse_seeds("9,1,3-4"), ElementsAre(9, 1, 3, 4));
  for (const char* text : {"", ",", "1,", "a", "-1", "1-", "4-0", "1,1", "0-3,2", "1.5", " 1",
                           "0-1000", "99999999999999999999"}) {
    SCOPED_TRACE(text);
    expect_error(ErrorCode::kInvalidArgument, {"--seeds"}, [&] { app::parse_seeds(text); });
  }
}

class TrainSeeds : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TemporaryFolder;
    series_ = *folder_ / "series";
    trained_ = digitry(small_training(series_, {"--epochs", "2", "--seeds", "3-5"}));
    ASSERT_EQ(trained_.exit_status, 0) << trained_.err;
  }
  static void TearDownTestSuite() { delete folder_; }
  static json seeds_json() { return json::parse(file_bytes(series_ + "/seeds.json")); }

  static inline TemporaryFolder* folder_ = nullptr;
  static inline std::string series_;
  static inline CommandResult trained_;
};

TEST_F(TrainSeeds, TellMeanAndSpreadOfTheirRuns) {
  const json series = seeds_json();
  ASSERT_EQ(series["seeds"].size(), 3u);
  double mean = 0;
  std::int64_t right = 0;
  for (int i = 0; i < 3; ++i) {
    const json& one = series["seeds"][i];
    EXPECT_EQ(one["seed"], 3 + i);
    const std::string run = series_ + "/" + one["run"].get<std::string>();
    const json metrics = json::parse(file_bytes(run + "/metrics.json"));
    EXPECT_EQ(one["accuracy"], metrics["evaluation"]["accuracy"]);
    EXPECT_EQ(metrics["training"]["seed"], std::to_string(3 + i));
    mean += metrics["evaluation"]["accuracy"].get<double>() / 3;
    right += metrics["evaluation"]["num_correct"].get<std::int64_t>();
  }
  EXPECT_NEAR(series["accuracy"]["mean"].get<double>(), mean, 1e-12);
  EXPECT_GT(series["accuracy"]["standard_deviation"], 0);
  EXPECT_LT(series["accuracy"]["mean_95"][0], mean);
  std::int64_t diagonal = 0;
  for (std::size_t c = 0; c < 10; ++c)
    diagonal += series["pooled_confusion"][c][c].get<std::int64_t>();
  EXPECT_EQ(diagonal, right);
  EXPECT_THAT(trained_.out, HasSubstr("standard deviation of 3 seeds"));
  EXPECT_THAT(trained_.out, HasSubstr("confusion matrix"));
}

TEST_F(TrainSeeds, EachIsTheTrainingOfThatSeed) {
  const std::string alone = *folder_ / "alone";
  ASSERT_EQ(digitry(small_training(alone, {"--epochs", "2", "--seed", "4"})).exit_status, 0);
  EXPECT_EQ(file_bytes(alone + "/model.safetensors"),
            file_bytes(series_ + "/seed-4/model.safetensors"));
}

TEST_F(TrainSeeds, GoOnWhereTheyWereStopped) {
  const std::string copy = *folder_ / "copy";
  fs::copy(series_, copy, fs::copy_options::recursive);
  fs::remove(copy + "/seeds.json");
  fs::remove_all(copy + "/seed-5");
  fs::remove(copy + "/seed-4/metrics.json");  // As if judging it had been interrupted.
  const CommandResult result =
      digitry({"train", "--resume", "--seeds", "3-5", "--out", copy, "--no-report"});
  ASSERT_EQ(result.exit_status, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("seed-3 is finished"));
  json got = json::parse(file_bytes(copy + "/seeds.json"));
  json want = seeds_json();
  for (json* series : {&got, &want}) {
    (*series).erase("command");
    (*series).erase("training_seconds");
    for (json& one : (*series)["seeds"]) one.erase("training_seconds");
  }
  EXPECT_EQ(got, want);
}

TEST_F(TrainSeeds, StoppedTellHowToGoOnWithAllOfThem) {
  const std::string stopped = *folder_ / "stopped";
  std::vector<std::string> command =
      small_training(stopped, {"--epochs", "100000", "--seeds", "3-4"});
  command.insert(command.begin(), "digitry");
  ChildProcess child(command, {.environment = {{"OMP_NUM_THREADS", "1"}}});
  for (int i = 0; i < 600 && !fs::exists(stopped + "/seed-3/config.toml"); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  child.send_signal(SIGINT);
  const CommandResult result = child.wait();
  EXPECT_EQ(result.exit_status, 130);
  EXPECT_THAT(result.err, HasSubstr("0 of 2 seeds"));
  EXPECT_THAT(result.err, HasSubstr("--resume --seeds 3,4 --out " + stopped));
}

TEST_F(TrainSeeds, AreNeverOverwritten) {
  const CommandResult again = digitry(small_training(series_, {"--seeds", "3-5"}));
  EXPECT_EQ(again.exit_status, 2);
  EXPECT_THAT(again.err, HasSubstr("never overwritten"));
  EXPECT_EQ(digitry(small_training(*folder_ / "x", {"--seeds", "3-x"})).exit_status, 2);
  EXPECT_EQ(digitry(small_training(*folder_ / "x", {"--seeds", "1-2", "--seed", "1"})).exit_status,
            2);
  EXPECT_FALSE(fs::exists(*folder_ / "x"));
}

}  // namespace
}  // namespace digitry::test
