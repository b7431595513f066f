#include "digitry/vision/annotate.h"

#include <gtest/gtest.h>

#include "tests/vision/hershey.h"

namespace digitry::test {
namespace {

const std::vector<std::string> kNames{"a", "b"};

Reading one_digit(const PixelBox& box, bool known) {
  Reading reading;
  reading.digits.push_back(
      {.box = box, .verdict = {.probabilities = {0.25F, 0.75F}, .score = 0.9, .known = known}});
  reading.num_lines = 1;
  return reading;
}

std::vector<int> pixel_at(const Image& picture, std::int64_t x, std::int64_t y) {
  const auto at = static_cast<std::size_t>((y * picture.width + x) * 3);
  return {picture.pixels[at], picture.pixels[at + 1], picture.pixels[at + 2]};
}

TEST(Annotate, FramesEachDigitInTheColourOfWhatIsKnown) {
  const Image page = blank_picture(100, 120);
  const Image known = annotate(page, one_digit({40, 50, 20, 30}, true), kNames);
  ASSERT_EQ(known.channels, 3);
  EXPECT_EQ(pixel_at(known, 40, 60), (std::vector<int>{0, 140, 0}));
  EXPECT_EQ(pixel_at(known, 50, 60), (std::vector<int>{235, 235, 235})) << "within the frame";
  const Image unknown = annotate(page, one_digit({40, 50, 20, 30}, false), kNames);
  EXPECT_EQ(pixel_at(unknown, 40, 60), (std::vector<int>{210, 0, 0}));
}

TEST(Annotate, BoxesAtTheEdgeAndOddPicturesAreDrawnAsFarAsTheyGo) {
  EXPECT_EQ(annotate(blank_picture(10, 10), one_digit({0, 0, 10, 10}, true), kNames).pixels.size(),
            300u);
  EXPECT_EQ(annotate({1, 1, 4, {0, 0, 0, 0}}, one_digit({0, 0, 1, 1}, true), kNames).pixels.size(),
            3u);
}

}  // namespace
}  // namespace digitry::test
