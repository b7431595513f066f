#include "digitry/base/text.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>
#include <string>

namespace digitry {
namespace {

TEST(CleanUtf8, KeepsValidTextOfEveryLength) {
  EXPECT_EQ(clean_utf8("a\tß\n→ \U0001F600"), "a\tß\n→ \U0001F600");
}

TEST(CleanUtf8, ReplacesWhatIsNotValid) {
  const std::string sign = "\xEF\xBF\xBD";
  EXPECT_EQ(clean_utf8("a\xFF"), "a" + sign);
  EXPECT_EQ(clean_utf8("\xC3"), sign);                                   // Truncated.
  EXPECT_EQ(clean_utf8("\xC0\xAF"), sign + sign);                        // Overlong.
  EXPECT_EQ(clean_utf8("\xED\xA0\x80"), sign + sign + sign);             // A surrogate.
  EXPECT_EQ(clean_utf8("\xF4\x90\x80\x80"), sign + sign + sign + sign);  // Above U+10FFFF.
  EXPECT_EQ(clean_utf8(std::string("a\0\x1b"
                                   "b\x7f",
                                   5)),
            "a  b ");
}

TEST(Elided, CountsCodePointsNotBytes) {
  EXPECT_EQ(num_code_points("ßß→"), 3u);
  EXPECT_EQ(elided("ßß→", 3), "ßß→");
  EXPECT_EQ(elided("ßß→x", 3), "ßß…");
}

TEST(Grouped, PutsACommaEveryThreeDigits) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1000), "1,000");
  EXPECT_EQ(grouped(1234567), "1,234,567");
  EXPECT_EQ(grouped(-123456), "-123,456");
}

TEST(PercentNumber, NeverRoundsUpToAHundred) {
  EXPECT_EQ(percent_number(0.98421, 2), "98.42");
  EXPECT_EQ(percent_number(1, 2), "100.00");
  EXPECT_EQ(percent_number(0.99999, 2), "99.99");
  EXPECT_EQ(percent_number(0.9999, 0), "99");
}

TEST(ProbabilityText, NeverClaimsCertainty) {
  EXPECT_EQ(probability_text(0.5), "50.0\u00A0%");
  EXPECT_EQ(probability_text(0.9996), "> 99.9\u00A0%");
  EXPECT_EQ(probability_text(1), "100.0\u00A0%");
}

TEST(UtcText, IsTheDateAndTimeInUtc) {
  const char* const before = std::getenv("TZ");
  const std::string zone = before == nullptr ? "" : before;
  setenv("TZ", "EST5", 1);  // Five hours west: the local time is another.
  tzset();
  EXPECT_EQ(utc_text(0), "1970-01-01T00:00:00");
  EXPECT_EQ(utc_text(951782399), "2000-02-28T23:59:59");
  EXPECT_EQ(utc_text(951782400), "2000-02-29T00:00:00");
  before == nullptr ? unsetenv("TZ") : setenv("TZ", zone.c_str(), 1);
  tzset();
}

}  // namespace
}  // namespace digitry
