#include "digitry/report/subprocess.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "digitry/base/error.h"

namespace digitry {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

TEST(RunProgram, PassesInputAndOutputOfAnySize) {
  std::string input(3'000'000, 'x');
  input[1] = '\0';
  const ProgramResult result = run_program({"cat"}, input, milliseconds(20'000));
  EXPECT_EQ(result.exit_status, 0);
  EXPECT_TRUE(result.output == input);
}

TEST(RunProgram, AProgramThatReadsNothingIsNoError) {
  const ProgramResult result =
      run_program({"true"}, std::string(1'000'000, 'x'), milliseconds(20'000));
  EXPECT_EQ(result.exit_status, 0);
}

TEST(RunProgram, TellsStreamsAndStatusApart) {
  const ProgramResult result =
      run_program({"sh", "-c", "echo out; echo err >&2; exit 7"}, "", milliseconds(20'000));
  EXPECT_EQ(result.exit_status, 7);
  EXPECT_EQ(result.output, "out\n");
  EXPECT_EQ(result.errors, "err\n");
  EXPECT_EQ(run_program({"sh", "-c", "kill -9 $$"}, "", milliseconds(20'000)).exit_status, 137);
}

TEST(RunProgram, StopsAProgramThatHangs) {
  // The second one closes its output first: its end has to be waited for with the same patience.
  for (const char* script : {"exec sleep 60", "exec >&- 2>&-; exec sleep 60"}) {
    const auto start = std::chrono::steady_clock::now();
    try {
      run_program({"sh", "-c", script}, "", milliseconds(200));
      ADD_FAILURE() << "it ended: " << script;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kUnavailable);
      EXPECT_THAT(error.what(), HasSubstr("was not done after 200 ms"));
    }
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
  }
}

TEST(RunProgram, SaysWhatIsNotInstalled) {
  try {
    run_program({"digitry-no-such-program"}, "", milliseconds(1000));
    ADD_FAILURE() << "it ran";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUnavailable);
    EXPECT_THAT(error.what(), HasSubstr("digitry-no-such-program is not installed"));
  }
}

}  // namespace
}  // namespace digitry
