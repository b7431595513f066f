#include "digitry/vision/large_pixels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "digitry/base/random.h"
#include "digitry/image/image.h"

namespace digitry::test {
namespace {

// A pixel of a picture of `rows` by `columns` random pixels.
std::uint8_t pixel_of(std::int64_t row, std::int64_t column, std::int64_t channel) {
  RandomStream random(1, RandomPurpose::kTest, static_cast<std::uint32_t>(row),
                      static_cast<std::uint32_t>(column * 4 + channel));
  return static_cast<std::uint8_t>(random.next_below(256));
}

// Such a picture enlarged: each pixel of the result is the nearest one.
Image blocks(std::int64_t rows, std::int64_t columns, std::int64_t height, std::int64_t width,
             std::int64_t channels = 1) {
  Image picture{height, width, channels, {}};
  for (std::int64_t y = 0; y < height; ++y)
    for (std::int64_t x = 0; x < width; ++x)
      for (std::int64_t channel = 0; channel < channels; ++channel)
        picture.pixels.push_back(pixel_of((2 * y + 1) * rows / (2 * height),
                                          (2 * x + 1) * columns / (2 * width), channel));
  return picture;
}

// The largest difference of two neighbours in a row.
int steepest(const Image& picture) {
  int most = 0;
  for (std::int64_t y = 0; y < picture.height; ++y)
    for (std::int64_t x = picture.channels; x < picture.width * picture.channels; ++x) {
      const auto at = static_cast<std::size_t>(y * picture.width * picture.channels + x);
      most =
          std::max(most, std::abs(picture.pixels[at] -
                                  picture.pixels[at - static_cast<std::size_t>(picture.channels)]));
    }
  return most;
}

TEST(WithoutLargePixels, SmoothsBlocksOfAnySizeAndKeepsTheirMiddles) {
  for (const auto& [rows, columns, height, width] :
       {std::array{8, 8, 160, 160}, std::array{8, 8, 100, 100}, std::array{16, 12, 250, 190},
        std::array{28, 28, 280, 280}}) {
    for (const int channels : {1, 3, 4}) {
      const Image picture = blocks(rows, columns, height, width, channels);
      const Image smooth = without_large_pixels(picture);
      ASSERT_EQ(smooth.height, height);
      ASSERT_EQ(smooth.width, width);
      ASSERT_EQ(smooth.channels, channels);
      // Over a block of b pixels a cubic rises by at most about 1.5 / b of the step at its edge.
      EXPECT_LT(steepest(smooth), steepest(picture) / 2);
      for (int row = 0; row < rows; ++row)
        for (int column = 0; column < columns; ++column) {
          const std::int64_t y = (2 * row + 1) * height / (2 * rows);
          const std::int64_t x = (2 * column + 1) * width / (2 * columns);
          const auto at = static_cast<std::size_t>((y * width + x) * channels);
          // Half a pixel from the middle of its block at most.
          EXPECT_NEAR(smooth.pixels[at], picture.pixels[at], 255.0 * 1.5 * columns / width + 2);
        }
    }
  }
}

TEST(WithoutLargePixels, LeavesAnyOtherPictureAsItIs) {
  // Blocks of three pixels; one pixel of another colour; too few edges; one colour.
  const Image small_blocks = blocks(20, 20, 60, 60);
  EXPECT_EQ(without_large_pixels(small_blocks).pixels, small_blocks.pixels);
  Image touched = blocks(8, 8, 160, 160);
  touched.pixels[1000] ^= 0x80;
  EXPECT_EQ(without_large_pixels(touched).pixels, touched.pixels);
  const Image flags = blocks(3, 3, 90, 90);
  EXPECT_EQ(without_large_pixels(flags).pixels, flags.pixels);
  const Image line = blocks(1, 40, 10, 400);
  EXPECT_EQ(without_large_pixels(line).pixels, line.pixels);
  const Image blank{50, 50, 1, std::vector<std::uint8_t>(2500, 200)};
  EXPECT_EQ(without_large_pixels(blank).pixels, blank.pixels);
  const Image one{1, 1, 1, {7}};
  EXPECT_EQ(without_large_pixels(one).pixels, one.pixels);
}

}  // namespace
}  // namespace digitry::test
