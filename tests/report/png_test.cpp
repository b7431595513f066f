#include "digitry/report/png.h"

#include <gtest/gtest.h>
#include <png.h>

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
