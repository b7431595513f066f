#include "digitry/data/process.h"

#include <chrono>

#include "tests/data/test_files.h"

namespace digitry {
namespace {

using namespace digitry::testing;

ProcessResult sh(const std::string& script, double timeout_s = 20) {
  return run_process({"sh", "-c", script}, {.folder = "/", .timeout_s = timeout_s, .on_wait = {}});
}

TEST(Process, GivesStatusAndErrorOutput) {
  const ProcessResult result = sh("echo out; echo problem >&2; exit 7");
  EXPECT_EQ(result.exit_status, 7);
  EXPECT_EQ(result.error_output, "problem\n");
  EXPECT_EQ(sh("kill -9 $$").exit_status, 128 + 9);
}

TEST(Process, RunsInItsFolderWithoutInput) {
  EXPECT_EQ(sh("pwd >&2; cat >&2").error_output, "/\n");
}

TEST(Process, KeepsTheEndOfLongErrorOutput) {
  const ProcessResult result = sh("head -c 300000 /dev/zero | tr '\\0' x >&2; echo end >&2");
  EXPECT_EQ(result.exit_status, 0);
  EXPECT_THAT(result.error_output, ::testing::EndsWith("end\n"));
  EXPECT_LE(result.error_output.size(), 4096U);
}

TEST(Process, EndsWhatTakesTooLongWithItsChildren) {
  const TemporaryFolder folder;
  const auto start = std::chrono::steady_clock::now();
  const ProcessResult result =
      sh("(sleep 1; touch " + (folder / "alive").string() + ") & sleep 30", 0.2);
  EXPECT_TRUE(result.timed_out);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
  sh("sleep 1.5");
  EXPECT_FALSE(fs::exists(folder / "alive"));
}

TEST(Process, SaysWhereThereIsNoSuchProgram) {
  expect_error(ErrorCode::kUnavailable, {"no program no-such-program"},
               [] { run_process({"no-such-program"}, {.folder = "/", .on_wait = {}}); });
}

TEST(Process, StopsWhenToldToWhileWaiting) {
  EXPECT_THROW(
      run_process({"sleep", "30"}, {.folder = "/", .timeout_s = 30, .on_wait = [] { throw 1; }}),
      int);
}

}  // namespace
}  // namespace digitry
