#include "digitry/report/png.h"

#include <gtest/gtest.h>
#include <png.h>

#include <array>
#include <vector>

#include "digitry/base/error.h"

namespace digitry {
namespace {

TEST(EncodeInkPng, IsBlackOfTheOpacityGiven) {
  const std::vector<std::uint8_t> ink = {0, 1, 127, 200, 254, 255};
  const std::string bytes = encode_ink_png(ink, 3, 2);
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  ASSERT_NE(png_image_begin_read_from_memory(&image, bytes.data(), bytes.size()), 0);
  EXPECT_EQ(image.width, 3u);
  EXPECT_EQ(image.height, 2u);
  image.format = PNG_FORMAT_RGBA;
  std::vector<std::uint8_t> pixels(PNG_IMAGE_SIZE(image));
  ASSERT_NE(png_image_finish_read(&image, nullptr, pixels.data(), 0, nullptr), 0);
  for (std::size_t i = 0; i < ink.size(); ++i) {
    EXPECT_EQ(pixels[4 * i], 0);
    EXPECT_EQ(pixels[4 * i + 3], ink[i]);
  }
}

/// The pixels of a PNG in one of libpng's formats.
std::vector<std::uint8_t> decoded(const std::string& bytes, std::uint32_t format) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  EXPECT_NE(png_image_begin_read_from_memory(&image, bytes.data(), bytes.size()), 0);
  image.format = format;
  std::vector<std::uint8_t> pixels(PNG_IMAGE_SIZE(image));
  EXPECT_NE(png_image_finish_read(&image, nullptr, pixels.data(), 0, nullptr), 0);
  return pixels;
}

TEST(EncodePalettePng, HasTheColoursOfThePalette) {
  std::array<std::uint8_t, 1024> palette{};
  for (std::size_t i = 0; i < 256; ++i) {
    palette[4 * i] = static_cast<std::uint8_t>(i);
    palette[4 * i + 1] = 10;
    palette[4 * i + 3] = static_cast<std::uint8_t>(255 - i);
  }
  const std::vector<std::uint8_t> indices = {3, 200, 0, 255};
  const auto pixels = decoded(encode_palette_png(indices, 2, 2, palette), PNG_FORMAT_RGBA);
  ASSERT_EQ(pixels.size(), 16u);
  EXPECT_EQ(pixels[0], 3);
  EXPECT_EQ(pixels[1], 10);
  EXPECT_EQ(pixels[3], 252);
  EXPECT_EQ(pixels[4], 200);
  EXPECT_EQ(pixels[15], 0);
  EXPECT_THROW(encode_palette_png(indices, 3, 2, palette), Error);
}

TEST(EncodeRgbPng, KeepsThePixels) {
  const std::vector<std::uint8_t> rgb = {1, 2, 3, 250, 251, 252};
  EXPECT_EQ(decoded(encode_rgb_png(rgb, 2, 1), PNG_FORMAT_RGB), rgb);
  EXPECT_THROW(encode_rgb_png(rgb, 3, 1), Error);
}

TEST(EncodeInkPng, RefusesCountsThatDoNotFit) {
  const std::vector<std::uint8_t> ink(6);
  EXPECT_THROW(encode_ink_png(ink, 3, 3), Error);
  EXPECT_THROW(encode_ink_png({}, 0, 0), Error);
  EXPECT_THROW(encode_ink_png(ink, 70'000, 1), Error);
}

// The examples of RFC 4648, section 10.
TEST(Base64, AgreesWithTheRfc) {
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foo"), "Zm9v");
  EXPECT_EQ(base64("foob"), "Zm9vYg==");
  EXPECT_EQ(base64("fooba"), "Zm9vYmE=");
  EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(base64("\xFF\xFE"), "//4=");
}

}  // namespace
}  // namespace digitry
