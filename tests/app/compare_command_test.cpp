#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/app/digitry.h"

// `digitry compare` as a process, on two trainings of different length.

namespace digitry::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;

class CompareCommand : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TemporaryFolder;
    short_ = *folder_ / "short";
    long_ = *folder_ / "long";
    ASSERT_EQ(digitry(small_training(short_, {"--epochs", "1"})).exit_status, 0);
    ASSERT_EQ(digitry(small_training(long_, {"--epochs", "6", "--seed", "1"})).exit_status, 0);
  }
  static void TearDownTestSuite() { delete folder_; }

  static json evaluated(const std::string& run) {
    return json::parse(digitry({"evaluate", run, "--json"}).out);
  }

  static inline TemporaryFolder* folder_ = nullptr;
  static inline std::string short_, long_;
};

TEST_F(CompareCommand, CountsTheImagesThatOneAloneHasRight) {
  const CommandResult result = digitry({"compare", long_, short_, "--json"});
  ASSERT_EQ(result.exit_status, 0) << result.err;
  const json got = json::parse(result.out);
  const json first = evaluated(long_);
  const json second = evaluated(short_);
  EXPECT_EQ(got["split"], "test");
  EXPECT_EQ(got["num_images"], first["num_images"]);
  ASSERT_EQ(got["models"].size(), 2u);
  EXPECT_EQ(got["models"][0]["accuracy"], first["accuracy"]);
  EXPECT_EQ(got["models"][1]["loss"], second["loss"]);
  EXPECT_EQ(got["models"][1]["expected_calibration_error"], second["expected_calibration_error"]);

  std::set<std::int64_t> missed_by_first;
  std::set<std::int64_t> missed_by_second;
  for (const json& mistake : first["mistakes"])
    missed_by_first.insert(mistake["image_index"].get<std::int64_t>());
  for (const json& mistake : second["mistakes"])
    missed_by_second.insert(mistake["image_index"].get<std::int64_t>());
  const auto only = [](const auto& in, const auto& not_in) {
    return std::ranges::count_if(in, [&](auto index) { return !not_in.contains(index); });
  };
  ASSERT_EQ(got["pairs"].size(), 1u);
  EXPECT_EQ(got["pairs"][0]["only_first_right"], only(missed_by_second, missed_by_first));
  EXPECT_EQ(got["pairs"][0]["only_second_right"], only(missed_by_first, missed_by_second));
  EXPECT_GT(got["pairs"][0]["p_value"], 0);
}

TEST_F(CompareCommand, SaysItInWords) {
  const CommandResult result = digitry({"compare", long_, short_, long_});
  ASSERT_EQ(result.exit_status, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("95 % interval"));
  EXPECT_THAT(result.out, HasSubstr(long_ + " and " + short_));
  EXPECT_THAT(
      result.out,
      HasSubstr(long_ + " and " + long_ +
                ": 0 images only the first classifies correctly, 0 only the second; p = 1.0000: "
                "not significant"));
}

TEST_F(CompareCommand, RefusesDifferentImages) {
  // Each training set other images aside.
  const CommandResult result = digitry({"compare", long_, short_, "--split", "validation"});
  EXPECT_EQ(result.exit_status, 2);
  EXPECT_THAT(result.err, HasSubstr("different images"));
  EXPECT_EQ(result.out, "");
  EXPECT_EQ(digitry({"compare", long_}).exit_status, 2);
  EXPECT_EQ(digitry({"compare", long_, *folder_ / "nothing"}).exit_status, 3);
}

}  // namespace
}  // namespace digitry::test
