#include "digitry/base/error.h"

#include <gtest/gtest.h>

namespace digitry {
namespace {

TEST(Error, FormatsItsMessage) {
  const Error error(ErrorCode::kBadData, "{}: want {}, found {}", "file", 3, 4);
  EXPECT_STREQ(error.what(), "file: want 3, found 4");
  EXPECT_EQ(error.code(), ErrorCode::kBadData);
}

TEST(Error, TakesBracesInAPlainMessageAsTheyAre) {
  EXPECT_STREQ(Error(ErrorCode::kIo, std::string("{}")).what(), "{}");
}

TEST(ErrorCode, EachHasAName) {
  EXPECT_EQ(to_string(ErrorCode::kInvalidArgument), "invalid argument");
  EXPECT_EQ(to_string(ErrorCode::kShapeMismatch), "shape mismatch");
  EXPECT_EQ(to_string(ErrorCode::kBadData), "bad data");
  EXPECT_EQ(to_string(ErrorCode::kIo), "input/output error");
  EXPECT_EQ(to_string(ErrorCode::kUnavailable), "unavailable");
  EXPECT_EQ(to_string(ErrorCode::kDiverged), "diverged");
  EXPECT_EQ(to_string(ErrorCode::kInterrupted), "interrupted");
}

}  // namespace
}  // namespace digitry
