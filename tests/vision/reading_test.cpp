#include "digitry/vision/reading.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/vision/hershey.h"

namespace digitry::test {
namespace {

// The indices in reading order: "0 1/2" is 0, a gap, 1, then 2 on a line of its own.
std::string order_of(const std::vector<PixelBox>& boxes) {
  std::string text;
  std::int64_t line = 0;
  for (const PlacedBox& placed : reading_order(boxes)) {
    if (placed.line != line) text += '/';
    line = placed.line;
    if (placed.space_before) text += ' ';
    text += std::to_string(placed.index);
  }
  return text;
}

TEST(ReadingOrder, GoesFromTheTopAndFromTheLeft) {
  EXPECT_EQ(order_of({}), "");
  EXPECT_EQ(order_of({{50, 10, 20, 30}, {10, 12, 20, 30}, {30, 80, 20, 30}, {80, 8, 20, 30}}),
            "103/2");
}

TEST(ReadingOrder, FindsGapsBetweenWords) {
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

TEST(ReadingOrder, KeepsSmallBoxesInTheLineOfTallOnes) {
  EXPECT_EQ(order_of({{0, 0, 20, 40}, {25, 12, 18, 10}, {50, 0, 20, 40}}), "012");
}

const std::vector<std::string> kNames{"a", "b"};

Reading one_digit(const PixelBox& box, bool rejected) {
  Reading reading;
  reading.digits.push_back(
      {.box = box,
       .prediction = {.probabilities = {0.25F, 0.75F}, .score = 0.9, .rejected = rejected}});
  reading.num_lines = 1;
  return reading;
}

std::vector<int> pixel_at(const Image& picture, std::int64_t x, std::int64_t y) {
  const auto at = static_cast<std::size_t>((y * picture.width + x) * 3);
  return {picture.pixels[at], picture.pixels[at + 1], picture.pixels[at + 2]};
}

TEST(Annotate, FramesDigitsInGreenAndRejectedOnesInRed) {
  const Image page = blank_picture(100, 120);
  const Image accepted = annotate(page, one_digit({40, 50, 20, 30}, false), kNames);
  ASSERT_EQ(accepted.channels, 3);
  EXPECT_EQ(pixel_at(accepted, 40, 60), (std::vector<int>{0, 140, 0}));
  EXPECT_EQ(pixel_at(accepted, 50, 60), (std::vector<int>{235, 235, 235})) << "inside the frame";
  const Image rejected = annotate(page, one_digit({40, 50, 20, 30}, true), kNames);
  EXPECT_EQ(pixel_at(rejected, 40, 60), (std::vector<int>{210, 0, 0}));
}

TEST(Annotate, ClipsBoxesAtTheEdgeAndDrawsOnAnyPicture) {
  EXPECT_EQ(annotate(blank_picture(10, 10), one_digit({0, 0, 10, 10}, false), kNames).pixels.size(),
            300u);
  EXPECT_EQ(annotate({1, 1, 4, {0, 0, 0, 0}}, one_digit({0, 0, 1, 1}, false), kNames).pixels.size(),
            3u);
}

TEST(Reading, HasTheLargestProbabilityAndAsText) {
  Reading reading = one_digit({}, false);
  EXPECT_EQ(reading.digits[0].label(), 1u);
  EXPECT_EQ(reading.digits[0].probability(), 0.75);
  EXPECT_EQ(to_text(reading, kNames), "b");
  reading.digits.push_back(reading.digits[0]);
  reading.digits[1].space_before = true;
  reading.digits[1].prediction.rejected = true;
  reading.digits.push_back(reading.digits[0]);
  reading.digits[2].line = 2;
  EXPECT_EQ(to_text(reading, kNames), "b ?\n\nb");
}

}  // namespace
}  // namespace digitry::test
