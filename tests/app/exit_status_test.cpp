#include <gtest/gtest.h>

#include <new>
#include <ostream>
#include <stdexcept>

#include "apps/digitry/run.h"
#include "digitry/base/error.h"

namespace digitry::app {
namespace {

struct Case {
  ErrorCode code;
  int status;
};

void PrintTo(const Case& c, std::ostream* out) { *out << to_string(c.code); }

class ExitStatusOfError : public ::testing::TestWithParam<Case> {};

TEST_P(ExitStatusOfError, IsTheDocumentedOne) {
  testing::internal::CaptureStderr();
  const int status = guarded([] { throw Error(GetParam().code, "what was found"); });
  EXPECT_EQ(status, GetParam().status);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "digitry: error: what was found\n");
}

INSTANTIATE_TEST_SUITE_P(All, ExitStatusOfError,
                         ::testing::Values(Case{ErrorCode::kInvalidArgument, 2},
                                           Case{ErrorCode::kShapeMismatch, 3},
                                           Case{ErrorCode::kBadData, 3}, Case{ErrorCode::kIo, 1},
                                           Case{ErrorCode::kUnavailable, 1},
                                           Case{ErrorCode::kDiverged, 1},
                                           Case{ErrorCode::kInterrupted, 130}),
                         [](const ::testing::TestParamInfo<Case>& test) {
                           std::string name(to_string(test.param.code));
                           std::erase_if(name, [](char c) { return c == ' ' || c == '/'; });
                           return name;
                         });

TEST(ExitStatus, OutOfMemoryIsExplained) {
  testing::internal::CaptureStderr();
  EXPECT_EQ(guarded([] { throw std::bad_alloc(); }), 1);
  EXPECT_NE(testing::internal::GetCapturedStderr().find("out of memory"), std::string::npos);
}

TEST(ExitStatus, AnyOtherExceptionIsAFailure) {
  testing::internal::CaptureStderr();
  EXPECT_EQ(guarded([] { throw std::runtime_error("odd"); }), 1);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "digitry: error: odd\n");
}

TEST(ExitStatus, NothingThrownIsDone) {
  EXPECT_EQ(guarded([] {}), 0);
}

}  // namespace
}  // namespace digitry::app
