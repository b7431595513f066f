#include "digitry/base/subprocess.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>

#include "digitry/base/error.h"

namespace digitry {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

ProgramResult sh(const std::string& script, const ProgramOptions& options = {}) {
  return run_program({"sh", "-c", script}, options);
}

TEST(RunProgram, PassesInputAndOutputOfAnySize) {
  std::string input(3'000'000, 'x');
  input[1] = '\0';
  const ProgramResult result = run_program({"cat"}, {.input = input});
  EXPECT_EQ(result.exit_status, 0);
  EXPECT_TRUE(result.output == input);
}

TEST(RunProgram, AProgramThatReadsNothingIsNoError) {
  EXPECT_EQ(run_program({"true"}, {.input = std::string(1'000'000, 'x')}).exit_status, 0);
}

TEST(RunProgram, TellsStreamsAndStatusApart) {
  const ProgramResult result = sh("echo out; echo err >&2; exit 7");
  EXPECT_EQ(result.exit_status, 7);
  EXPECT_EQ(result.output, "out\n");
  EXPECT_EQ(result.errors, "err\n");
  EXPECT_EQ(sh("kill -9 $$").exit_status, 128 + 9);
}

TEST(RunProgram, RunsInItsFolder) { EXPECT_EQ(sh("pwd", {.folder = "/"}).output, "/\n"); }

TEST(RunProgram, KeepsTheEndOfLongErrorOutput) {
  const ProgramResult result = sh("head -c 300000 /dev/zero | tr '\\0' x >&2; echo end >&2");
  EXPECT_EQ(result.exit_status, 0);
  EXPECT_THAT(result.errors, EndsWith("end\n"));
  EXPECT_LE(result.errors.size(), 65536U);
}

// As after "trap '' CHLD" in a shell: the system keeps no status of children that have ended.
TEST(RunProgram, EndsWhereItsOwnProcessIgnoresTheEndOfChildren) {
  const auto before = ::signal(SIGCHLD, SIG_IGN);
  const ProgramResult result = sh("echo out; exit 7", {.timeout_s = 5});
  ::signal(SIGCHLD, before);
  EXPECT_EQ(result.output, "out\n");
}

TEST(RunProgram, BlocksNoSignalThatItsThreadBlocks) {
  sigset_t blocked;
  sigset_t before;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &blocked, &before);
  const ProgramResult result = run_program({"grep", "SigBlk", "/proc/self/status"});
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  EXPECT_EQ(result.output, "SigBlk:\t0000000000000000\n");
}

TEST(RunProgram, StopsAProgramThatHangs) {
  // The second script closes its output first; the timeout must apply to it too.
  for (const char* script : {"exec sleep 60", "exec >&- 2>&-; exec sleep 60"}) {
    const auto start = std::chrono::steady_clock::now();
    try {
      sh(script, {.timeout_s = 0.2});
      ADD_FAILURE() << "no timeout: " << script;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kUnavailable);
      EXPECT_THAT(error.what(), HasSubstr("within 0.2 s"));
    }
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
  }
}

TEST(RunProgram, StopsItsChildrenWithIt) {
  const std::string mark = ::testing::TempDir() + "digitry-alive-" + std::to_string(::getpid());
  EXPECT_THROW(sh("(sleep 1; touch " + mark + ") & sleep 30", {.timeout_s = 0.2}), Error);
  sh("sleep 1.5");
  EXPECT_NE(::access(mark.c_str(), F_OK), 0);
}

TEST(RunProgram, StopsWhenToldToWhileWaiting) {
  EXPECT_THROW(run_program({"sleep", "30"}, {.on_wait = [] { throw 1; }}), int);
}

TEST(RunProgram, SaysWhatIsNotInstalled) {
  try {
    run_program({"digitry-no-such-program"});
    ADD_FAILURE() << "the program ran";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUnavailable);
    EXPECT_THAT(error.what(), HasSubstr("digitry-no-such-program is not installed"));
  }
}

}  // namespace
}  // namespace digitry
