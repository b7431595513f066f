#include "digitry/vision/pattern.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/errors.h"

namespace digitry::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Parts = std::vector<std::vector<ReadingOption>>;

TEST(Pattern, CountsDigitsAndKnowsSeparators) {
  const DigitPattern date = parse_pattern("dd.d-");
  EXPECT_EQ(date.num_digits, 3u);
  EXPECT_THAT(date.separators, ElementsAre(false, false, true, true));
  EXPECT_EQ(pattern_of(4).text, "dddd");
  EXPECT_EQ(fill_pattern("dd.d", std::vector<std::string>{"1", "?", "3"}), "1?.3");
}

TEST(Pattern, RejectsWhatIsNone) {
  expect_error(ErrorCode::kInvalidArgument, {"'..'", "'d' for each digit"},
               [] { parse_pattern(".."); });
  expect_error(ErrorCode::kInvalidArgument, {"'d' for each digit"}, [] { parse_pattern(""); });
  expect_error(ErrorCode::kInvalidArgument, {"at most 1000", "1001"},
               [] { parse_pattern(std::string(1001, 'd')); });
  for (const std::int64_t bad : {std::int64_t{0}, std::int64_t{-5}, std::int64_t{1} << 40})
    expect_error(ErrorCode::kInvalidArgument, {"1 to 1000", std::to_string(bad)},
                 [&] { pattern_of(bad); });
}

TEST(ChooseReadings, TakesTheCheapestWithDigits) {
  const Parts parts{{{0, 0.1}, {1, 2}, {2, 1}}, {{1, 0}}};
  EXPECT_THAT(choose_readings(parts), ElementsAre(2, 0));
}

TEST(ChooseReadings, HasTheExpectedNumberOfDigits) {
  const Parts parts{{{1, 0.1}, {2, 3}, {0, 5}}, {{1, 0.1}, {2, 1}, {0, 4}}};
  EXPECT_THAT(choose_readings(parts, pattern_of(2)), ElementsAre(0, 0));
  EXPECT_THAT(choose_readings(parts, pattern_of(3)), ElementsAre(0, 1)) << "where it costs less";
  EXPECT_THAT(choose_readings(parts, pattern_of(1)), ElementsAre(0, 2)) << "one is left out";
  EXPECT_THAT(choose_readings(parts, pattern_of(5)), IsEmpty());
}

TEST(ChooseReadings, LeavesOutWhatStandsAtASeparator) {
  // Three strokes alike: one of them is the slash.
  const std::vector<ReadingOption> stroke{{1, 0.1}, {0, 6}};
  const Parts parts{stroke, stroke, stroke};
  EXPECT_THAT(choose_readings(parts, parse_pattern("d/d")), ElementsAre(0, 1, 0));
  EXPECT_THAT(choose_readings(parts, parse_pattern("dd/")), ElementsAre(0, 0, 1));
}

}  // namespace
}  // namespace digitry::test
