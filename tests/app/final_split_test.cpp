// The images that a training is finally evaluated on, for data with another layout than MNIST.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "digitry/base/file.h"
#include "tests/app/digitry.h"
#include "tests/support/process.h"
#include "tests/support/temporary_folder.h"

namespace digitry::test {
namespace fs = std::filesystem;
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

class FinalSplit : public testing::Test {
 protected:
  FinalSplit() {
    write("recipe.toml", kTinyRecipe);
    write("data/train.csv", rows(40));
  }

  void write(const std::string& name, const std::string& text) const {
    make_folder((folder_ / name).parent_path());
    write_file_atomically(folder_ / name, text);
  }

  // Images of 2×2 of two classes.
  static std::string rows(int count) {
    std::string text = "label,p0,p1,p2,p3\n";
    for (int i = 0; i < count; ++i)
      text += fmt::format("{0},{1},{1},{2},{2}\n", i % 2, i % 2 * 200 + i, 255 - i);
    return text;
  }

  CommandResult train(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments{"train",  "--recipe", folder_ / "recipe.toml",
                                       "--data", data_,      "--out",
                                       run_,     "--epochs", "2"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return digitry(arguments);
  }

  json metrics() const { return json::parse(file_bytes(run_ + "/metrics.json")); }

  const TemporaryFolder folder_;
  const std::string data_ = folder_ / "data";
  const std::string run_ = folder_ / "run";
};

TEST_F(FinalSplit, IsValidationInKagglesLayout) {
  write("data/test.csv", "p0,p1,p2,p3\n1,2,3,4\n");
  const CommandResult trained = train();
  ASSERT_EQ(trained.exit_status, 0) << trained.err;
  EXPECT_THAT(trained.out, HasSubstr("validation accuracy"));
  EXPECT_EQ(metrics()["split"], "validation");
  EXPECT_EQ(digitry({"evaluate", run_}).exit_status, 0);
}

TEST_F(FinalSplit, IsWhatTheReportShowsAlthoughThereAreTestImagesNow) {
  ASSERT_EQ(train().exit_status, 0);
  write("data/test.csv", rows(6));
  const CommandResult report = digitry({"report", run_});
  ASSERT_EQ(report.exit_status, 0) << report.err;
  const std::string page = file_bytes(run_ + "/report.html");
  EXPECT_THAT(page, HasSubstr(fmt::format("of {}", metrics()["evaluation"]["num_images"].dump())));
}

TEST_F(FinalSplit, IsNoneWithoutImagesToJudgeBy) {
  const CommandResult trained = train({"--validation", "0"});
  ASSERT_EQ(trained.exit_status, 0) << trained.err;
  EXPECT_THAT(trained.err, HasSubstr("the model is not evaluated"));
  EXPECT_TRUE(metrics()["split"].is_null());
  EXPECT_EQ(digitry({"train", "--resume", "--out", run_}).exit_status, 2) << "it is finished";
  const CommandResult report = digitry({"report", run_});
  EXPECT_EQ(report.exit_status, 3);
  EXPECT_THAT(report.err, HasSubstr("metrics.json"));
}

TEST_F(FinalSplit, IsLookedAtBeforeTheTraining) {
  write("data/test.csv", "label,p0,p1,p2,p3\n1,2,3,4,x\n");
  const CommandResult trained = train();
  EXPECT_EQ(trained.exit_status, 3);
  EXPECT_THAT(trained.err, HasSubstr("test.csv"));
  EXPECT_FALSE(fs::exists(run_)) << "a refused run leaves no folder";
  write("data/test.csv", rows(6));
  ASSERT_EQ(train().exit_status, 0);
  EXPECT_EQ(metrics()["split"], "test");
}

}  // namespace
}  // namespace digitry::test
