#include "digitry/serving/page/run_reports.h"

#include <gmock/gmock.h>

#include <chrono>

#include "digitry/base/file.h"
#include "tests/support/temporary_folder.h"

namespace digitry::serving {
namespace {

namespace fs = std::filesystem;

class RunReportsTest : public testing::Test {
 protected:
  void run(const std::string& name, const std::string& page, const std::string& metrics = "") {
    make_folder(folder_ / name);
    write_file_atomically(folder_ / name / page, name);
    if (!metrics.empty()) write_file_atomically(folder_ / name / "metrics.json", metrics);
    // Later reports get later times, whatever the clock's resolution.
    fs::last_write_time(folder_ / name / page,
                        fs::file_time_type::clock::now() - std::chrono::hours(10 - num_runs_++));
  }

  const test::TemporaryFolder folder_;
  const RunReports reports_{folder_.path()};
  int num_runs_ = 0;
};

TEST_F(RunReportsTest, AreThoseWithAPageTheNewestFirst) {
  run("b", "report.html", R"({"evaluation": {"accuracy": 0.75}})");
  run("seeds", "report.html", R"({"accuracy": {"mean": 0.5}})");
  run("a search", "tune.html", "no JSON");
  run("other", "report.html", R"({"evaluation": {"accuracy": "high"}})");
  make_folder(folder_ / "unfinished");
  write_file_atomically(folder_ / "report.html", "of no run");
  const std::vector<RunReport> all = reports_.list();
  ASSERT_EQ(all.size(), 4U);
  EXPECT_EQ(all[0].name, "other");
  EXPECT_EQ(all[0].accuracy, std::nullopt);
  EXPECT_EQ(all[1].name, "a search");
  EXPECT_EQ(all[1].file, "tune.html");
  EXPECT_EQ(all[2].accuracy, 0.5);
  EXPECT_EQ(all[3].accuracy, 0.75);
  EXPECT_THAT(all[3].modified, testing::MatchesRegex("20..-..-..T..:..:..Z"));
}

TEST_F(RunReportsTest, NoNameLeadsElsewhere) {
  run("mine", "report.html");
  write_file_atomically(folder_ / "report.html", "of no run");
  EXPECT_EQ(reports_.read("mine", "report.html"), "mine");
  for (const char* name : {"", ".", "..", "../mine", "mine/", "./mine", "mine/../mine", "none"})
    EXPECT_EQ(reports_.read(name, "report.html"), std::nullopt) << name;
  for (const char* file : {"tune.html", "metrics.json", "", "../mine/report.html"})
    EXPECT_EQ(reports_.read("mine", file), std::nullopt) << file;
}

}  // namespace
}  // namespace digitry::serving
