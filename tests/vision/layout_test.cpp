#include "digitry/vision/layout.h"

#include <gtest/gtest.h>

#include <string>

namespace digitry::test {
namespace {

// The boxes' numbers in reading order: "0 1/2" is 0, a gap, 1, then 2 on a line of its own.
std::string order_of(const std::vector<PixelBox>& boxes) {
  std::string text;
  std::int64_t line = 0;
  for (const Placed& placed : reading_order(boxes)) {
    if (placed.line != line) text += '/';
    line = placed.line;
    if (placed.space_before) text += ' ';
    text += std::to_string(placed.box);
  }
  return text;
}

TEST(ReadingOrder, GoesFromTheLeftAndFromTheTop) {
  EXPECT_EQ(order_of({}), "");
  EXPECT_EQ(order_of({{50, 10, 20, 30}, {10, 12, 20, 30}, {30, 80, 20, 30}, {80, 8, 20, 30}}),
            "103/2");
}

TEST(ReadingOrder, AGapAsOfAWordIsTold) {
  EXPECT_EQ(order_of({{0, 0, 20, 30}, {30, 0, 20, 30}, {80, 0, 20, 30}}), "01 2");
}

TEST(ReadingOrder, LinesMayRunDownOrUp) {
  std::vector<PixelBox> boxes;
  for (int line = 0; line < 2; ++line)
    for (int i = 0; i < 8; ++i) boxes.push_back({i * 25, line * 60 + i * 4, 20, 30});
  EXPECT_EQ(order_of(boxes), "01234567/89101112131415");
  for (PixelBox& box : boxes) box.top = 200 - box.top;
  EXPECT_EQ(order_of(boxes), "89101112131415/01234567");
}

TEST(ReadingOrder, SmallOnesStayInTheLineBesideTallOnes) {
  EXPECT_EQ(order_of({{0, 0, 20, 40}, {25, 12, 18, 10}, {50, 0, 20, 40}}), "012");
}

}  // namespace
}  // namespace digitry::test
