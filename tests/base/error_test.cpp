#include "digitry/base/error.h"

#include <gtest/gtest.h>

namespace digitry {
namespace {

TEST(Error, FormatsItsMessage) {
  const Error error(ErrorCode::kBadData, "{}: expected {}, found {}", "file", 3, 4);
  EXPECT_STREQ(error.what(), "file: expected 3, found 4");
  EXPECT_EQ(error.code(), ErrorCode::kBadData);
}

TEST(Error, FormatsEveryKindOfArgument) {
  const std::string text = "text";
  EXPECT_STREQ(Error(ErrorCode::kIo, "{} {} {:02x} {:.2f} {} {} {:>5}|{{}}", true, 'c', 10U,
                     1.0F / 3, text, std::string_view("view"), "raw")
                   .what(),
               "true c 0a 0.33 text view   raw|{}");
  EXPECT_STREQ(Error(ErrorCode::kIo, "{} {}", std::int64_t{-5}, std::size_t{7}).what(), "-5 7");
}

TEST(Error, KeepsAFormatThatDoesNotFitItsArguments) {
  EXPECT_STREQ(Error(ErrorCode::kIo, "{:.2f} of it", "text").what(), "{:.2f} of it");
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
