#include "digitry/vision/decode.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "digitry/image/png.h"
#include "tests/support/errors.h"
#include "tests/support/temporary_folder.h"
#include "tests/vision/encoders.h"

namespace digitry::test {
namespace {

// Every corner has another colour, so that every flip is visible.
Image some_picture(std::int64_t channels = 3, std::int64_t height = 40, std::int64_t width = 64) {
  Image picture{height, width, channels, {}};
  for (std::int64_t y = 0; y < height; ++y)
    for (std::int64_t x = 0; x < width; ++x)
      for (std::int64_t c = 0; c < channels; ++c)
        picture.pixels.push_back(static_cast<std::uint8_t>(c == 3 ? 255 - y
                                                                  : (c == 0   ? 3 * x
                                                                     : c == 1 ? 5 * y
                                                                              : x + y)));
  return picture;
}

void expect_near(const Image& got, const Image& want, int tolerance) {
  ASSERT_EQ(got.height, want.height);
  ASSERT_EQ(got.width, want.width);
  ASSERT_EQ(got.channels, want.channels);
  int worst = 0;
  for (std::size_t i = 0; i < want.pixels.size(); ++i)
    worst = std::max(worst, std::abs(got.pixels[i] - want.pixels[i]));
  EXPECT_LE(worst, tolerance);
}

TEST(DecodePicture, ReadsEveryFormatByItsContent) {
  const Image color = some_picture();
  expect_near(decode_picture(encode_png(color), "x"), color, 0);
  expect_near(decode_picture(encode_webp(color), "x"), color, 0);
  expect_near(decode_picture(encode_tiff(color), "x"), color, 0);
  expect_near(decode_picture(encode_bmp(color), "x"), color, 0);
  expect_near(decode_picture(encode_bmp(color, false), "x"), color, 0);
  expect_near(decode_picture(encode_jpeg(color), "x"), color, 24);
  expect_near(decode_picture(encode_jpeg(color, true), "x"), color, 24);
  const Image grey = some_picture(1);
  expect_near(decode_picture(encode_png(grey), "x"), grey, 0);
  expect_near(decode_picture(encode_jpeg(grey), "x"), grey, 8);
  const Image clear = some_picture(4);
  expect_near(decode_picture(encode_png(clear), "x"), clear, 0);
  expect_near(decode_picture(encode_webp(clear), "x"), clear, 0);
}

TEST(DecodePicture, ReadsBmpWithAPalette) {
  // Two by two pixels, one bit each, black and yellow.
  const std::string bytes(
      "BM\x46\0\0\0\0\0\0\0\x3e\0\0\0\x28\0\0\0\2\0\0\0\2\0\0\0\1\0\1\0\0\0\0\0\x08\0\0\0"
      "\0\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0\0\0\0\0\0\xff\xff\0\x40\0\0\0\x80\0\0\0",
      70);
  const Image picture = decode_picture(bytes, "x");
  EXPECT_EQ(picture.pixels,
            (std::vector<std::uint8_t>{255, 255, 0, 0, 0, 0, 0, 0, 0, 255, 255, 0}));
}

TEST(DecodePicture, TurnsUprightByTheExifOrientation) {
  const Image stored = some_picture();
  for (int orientation = 1; orientation <= 8; ++orientation) {
    const Image want = upright(stored, orientation);
    const std::string block = exif_block(orientation);
    expect_near(decode_picture(png_with_exif(encode_png(stored), block), "x"), want, 0);
    expect_near(decode_picture(jpeg_with_exif(encode_jpeg(stored), block), "x"), want, 24);
    expect_near(decode_picture(encode_tiff(stored, orientation), "x"), want, 0);
  }
}

TEST(DecodePicture, IgnoresABrokenExifBlock) {
  const Image stored = some_picture();
  for (const std::string& block : {std::string(), std::string("MM"), exif_block(77),
                                   exif_block(3).substr(0, 12), std::string(40, '\xff')})
    expect_near(decode_picture(png_with_exif(encode_png(stored), block), "x"), stored, 0);
}

TEST(DecodePicture, RejectsTruncatedFiles) {
  const Image color = some_picture();
  for (const std::string& bytes : {encode_png(color), encode_jpeg(color), encode_jpeg(color, true),
                                   encode_webp(color), encode_tiff(color), encode_bmp(color)})
    for (const std::size_t length :
         {bytes.size() / 2, bytes.size() * 9 / 10, std::size_t{40}, std::size_t{20}})
      expect_error(ErrorCode::kBadData, {"cut.xyz: expected a"},
                   [&] { decode_picture(bytes.substr(0, length), "cut.xyz"); });
}

TEST(DecodePicture, ReadsOnlyTheAllowedFormats) {
  constexpr std::array kSome = {PictureFormat::kPng, PictureFormat::kJpeg, PictureFormat::kWebp};
  const Image color = some_picture();
  for (const std::string& bytes : {encode_png(color), encode_jpeg(color), encode_webp(color)})
    EXPECT_NO_THROW(decode_picture(bytes, "x", kMaxImagePixels, kSome));
  expect_error(ErrorCode::kBadData, {"x: expected a PNG, JPEG or WebP picture", "found TIFF"},
               [&] { decode_picture(encode_tiff(color), "x", kMaxImagePixels, kSome); });
  expect_error(ErrorCode::kBadData, {"x: expected a PNG, JPEG or WebP picture", "found BMP"},
               [&] { decode_picture(encode_bmp(color), "x", kMaxImagePixels, kSome); });
  EXPECT_EQ(picture_format(encode_tiff(color)), PictureFormat::kTiff);
  EXPECT_EQ(picture_format("GIF89a............"), std::nullopt);
}

TEST(DecodePicture, ReadsTheRequestedPageOfATiffFile) {
  const Image first = some_picture();
  Image second = first;
  for (std::uint8_t& value : second.pixels) value = static_cast<std::uint8_t>(255 - value);
  const std::string bytes = encode_tiff({first, second});
  expect_near(decode_picture(bytes, "x", kMaxImagePixels, kAllPictureFormats, 1), second, 0);
  expect_near(decode_picture(bytes, "x"), first, 0);
  EXPECT_THROW(decode_picture(bytes, "x", kMaxImagePixels, kAllPictureFormats, 2), Error);
}

TEST(CountPages, OfATiffFileCountsItsImages) {
  const Image color = some_picture();
  EXPECT_EQ(count_pages(encode_tiff(color)), 1);
  EXPECT_EQ(count_pages(encode_tiff(color, 1, 3)), 3);
  EXPECT_EQ(count_pages(encode_tiff(color, 1, kMostPages + 5)), kMostPages);
  EXPECT_EQ(count_pages(encode_tiff(color).substr(0, 6)), 0);
  EXPECT_EQ(count_pages(encode_png(color)), 1);
}

TEST(DecodePicture, NamesTheFormatThatItRejects) {
  const auto expect_rejected = [](const std::string& bytes, const std::string& found) {
    expect_error(ErrorCode::kBadData,
                 {"x.bin: expected a PNG, JPEG, BMP, WebP or TIFF picture", found},
                 [&] { decode_picture(bytes, "x.bin"); });
  };
  expect_rejected("", "an empty file");
  expect_rejected("seven", "other bytes");
  expect_rejected("GIF89a............", "found GIF; convert it to PNG first");
  expect_rejected(std::string("\0\0\0\x18"
                              "ftypheic\0\0\0\0",
                              16),
                  "found HEIC");
  expect_rejected("%PDF-1.7\n", "found PDF");
  EXPECT_TRUE(looks_like_picture("%PDF-1.7\n"));
  EXPECT_FALSE(looks_like_picture("BM,1,2,3\n1,2,3,4,5,6,7,8\n"));
  EXPECT_FALSE(looks_like_picture(""));
}

// Headers of 30,000 x 30,000 pixels, for which no memory may be allocated.
TEST(DecodePicture, RejectsLargePicturesByTheirHeader) {
  const std::string side("\0\0\x75\x30", 4);
  const std::string png = std::string("\x89PNG\r\n\x1a\n", 8) +
                          png_chunk("IHDR", side + side + std::string("\x08\0\0\0\0", 5)) +
                          png_chunk("IDAT", "x") + png_chunk("IEND", "");
  std::string jpeg = encode_jpeg(some_picture());
  const std::size_t frame = jpeg.find("\xff\xc0");
  ASSERT_NE(frame, std::string::npos);
  jpeg.replace(frame + 5, 4, "\x75\x30\x75\x30");
  std::string bmp = encode_bmp(some_picture());
  bmp.replace(18, 8, std::string("\x30\x75\0\0\x30\x75\0\0", 8));
  for (const std::string& bytes : {png, jpeg, bmp})
    expect_error(ErrorCode::kBadData,
                 {"big: expected an image of at most 67108864 pixels, found 30000x30000"},
                 [&] { decode_picture(bytes, "big"); });
  for (const std::string& bytes : {encode_webp(some_picture()), encode_tiff(some_picture())})
    expect_error(ErrorCode::kBadData, {"at most 100 pixels, found 64x40"},
                 [&] { decode_picture(bytes, "big", 100); });
}

TEST(DecodePicture, ReadsASinglePixel) {
  const Image one{1, 1, 3, {9, 8, 7}};
  for (const std::string& bytes :
       {encode_png(one), encode_webp(one), encode_tiff(one), encode_bmp(one)})
    expect_near(decode_picture(bytes, "x"), one, 0);
}

TEST(DecodePicture, LibrariesPrintNothing) {
  std::string jpeg = encode_jpeg(some_picture());
  jpeg.insert(jpeg.size() - 2, "some bytes too many");
  testing::internal::CaptureStderr();
  decode_picture(jpeg, "x");
  for (const std::string& bytes : {jpeg.substr(0, 700), encode_tiff(some_picture()).substr(0, 300)})
    EXPECT_THROW(decode_picture(bytes, "x"), Error);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST(LoadPicture, ReadsAFileWhateverItsName) {
  const TemporaryFolder folder;
  const Image picture = some_picture();
  write_file_atomically(folder / "picture.txt", encode_webp(picture));
  expect_near(load_picture(folder.path() / "picture.txt"), picture, 0);
  write_file_atomically(folder / "text.png", "no picture");
  expect_error(ErrorCode::kBadData, {"text.png", "expected a PNG, JPEG, BMP, WebP or TIFF picture"},
               [&] { load_picture(folder.path() / "text.png"); });
  expect_error(ErrorCode::kBadData, {"missing.png"},
               [&] { load_picture(folder.path() / "missing.png"); });
}

}  // namespace
}  // namespace digitry::test
