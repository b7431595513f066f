#include "digitry/image/png.h"

#include <gmock/gmock.h>
#include <png.h>
#include <zlib.h>

#include <array>
#include <vector>

#include "tests/support/errors.h"

namespace digitry {
namespace {

using namespace digitry::test;
using ::testing::ElementsAre;

std::string big_endian(std::uint32_t value) {
  return {static_cast<char>(value >> 24), static_cast<char>(value >> 16 & 0xff),
          static_cast<char>(value >> 8 & 0xff), static_cast<char>(value & 0xff)};
}

std::string chunk(const std::string& type_and_data) {
  const auto check = ::crc32(0, reinterpret_cast<const Bytef*>(type_and_data.data()),
                             static_cast<uInt>(type_and_data.size()));
  return big_endian(static_cast<std::uint32_t>(type_and_data.size()) - 4) + type_and_data +
         big_endian(static_cast<std::uint32_t>(check));
}

// A hand-made PNG file with one row of RGB pixels.
std::string rgb_png(std::uint32_t width, std::uint32_t height, const std::string& rows) {
  std::string packed(::compressBound(rows.size()), '\0');
  uLongf length = packed.size();
  ::compress(reinterpret_cast<Bytef*>(packed.data()), &length,
             reinterpret_cast<const Bytef*>(rows.data()), rows.size());
  packed.resize(length);
  return "\x89PNG\r\n\x1a\n" +
         chunk("IHDR" + big_endian(width) + big_endian(height) + std::string("\x08\x02\0\0\0", 5)) +
         chunk("IDAT" + packed) + chunk("IEND");
}

TEST(Png, RoundTripsGrey) {
  const Image image{2, 3, 1, {0, 50, 100, 150, 200, 255}};
  const Image back = decode_grey_png(encode_png(image), "x.png");
  EXPECT_EQ(back.height, image.height);
  EXPECT_EQ(back.width, image.width);
  EXPECT_EQ(back.pixels, image.pixels);
}

TEST(Png, TurnsColourIntoLuminance) {
  const std::string row("\0\xff\xff\xff\0\0\0\x80\x80\x80", 10);
  EXPECT_THAT(decode_grey_png(rgb_png(3, 1, row), "x.png").pixels, ElementsAre(255, 0, 128));
}

// libpng takes 16-bit values without a gAMA chunk for linear light unless it is told otherwise.
TEST(Png, KeepsTheValuesOf16Bits) {
  const std::string row("\0\0\0\x40\x40\x80\x80\xff\xff", 9);
  std::string file = rgb_png(4, 1, row);  // A colour type of 2 and 8 bits, which become 0 and 16.
  std::string header = "IHDR" + big_endian(4) + big_endian(1) + std::string("\x10\0\0\0\0", 5);
  file.replace(8, 25, chunk(header));
  EXPECT_THAT(decode_grey_png(file, "x.png").pixels, ElementsAre(0, 64, 128, 255));
}

TEST(Png, RefusesWhatIsBroken) {
  const auto bad = ErrorCode::kBadData;
  const std::string sound = encode_png({20, 20, 1, std::vector<std::uint8_t>(400, 9)});
  expect_error(bad, {"x.png", "empty file"}, [] { decode_grey_png("", "x.png"); });
  expect_error(bad, {"another signature"}, [] { decode_grey_png("GIF89a", "x.png"); });
  for (std::size_t length = 8; length < sound.size() - 12; ++length)
    EXPECT_THROW(decode_grey_png(sound.substr(0, length), "x.png"), Error) << length;
  std::string corrupt = sound;
  char& data = corrupt[sound.find("IDAT") + 6];
  data = static_cast<char>(data ^ 1);
  expect_error(bad, {"valid PNG"}, [&] { decode_grey_png(corrupt, "x.png"); });
  // libpng would allocate the announced 1.4 GB; found by tests/fuzz/fuzz_picture.cpp.
  const std::string header = sound.substr(0, sound.find("IDAT") - 4);
  expect_error(bad, {"chunk of 1409286143 bytes"}, [&] {
    decode_grey_png(header + big_endian(0x53FFFFFF) + "eXIf" + std::string(100, 'x'), "x.png");
  });
  expect_error(bad, {"at most 4096", "100000x100000"},
               [] { decode_grey_png(rgb_png(100000, 100000, "x"), "x.png"); });
}

TEST(EncodeInkPng, IsBlackOfTheOpacityGiven) {
  const std::vector<std::uint8_t> ink = {0, 1, 127, 200, 254, 255};
  const std::string bytes = encode_ink_png({2, 3, 1, ink});
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

/// The pixels of a PNG file in one of the formats of libpng.
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
  const auto pixels = decoded(encode_palette_png({2, 2, 1, indices}, palette), PNG_FORMAT_RGBA);
  ASSERT_EQ(pixels.size(), 16u);
  EXPECT_EQ(pixels[0], 3);
  EXPECT_EQ(pixels[1], 10);
  EXPECT_EQ(pixels[3], 252);
  EXPECT_EQ(pixels[4], 200);
  EXPECT_EQ(pixels[15], 0);
  EXPECT_THROW(encode_palette_png({2, 3, 1, indices}, palette), Error);
}

TEST(Png, KeepsColours) {
  const std::vector<std::uint8_t> rgb = {1, 2, 3, 250, 251, 252};
  EXPECT_EQ(decoded(encode_png({1, 2, 3, rgb}), PNG_FORMAT_RGB), rgb);
  EXPECT_THROW(encode_png({1, 3, 3, rgb}), Error);
}

TEST(EncodeInkPng, RefusesCountsThatDoNotFit) {
  const std::vector<std::uint8_t> ink(6);
  EXPECT_THROW(encode_ink_png({3, 3, 1, ink}), Error);
  EXPECT_THROW(encode_ink_png({}), Error);
  EXPECT_THROW(encode_ink_png({1, 70'000, 1, ink}), Error);
}

}  // namespace
}  // namespace digitry
