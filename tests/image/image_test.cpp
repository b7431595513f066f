#include "digitry/image/image.h"

#include <gtest/gtest.h>

#include "tests/support/errors.h"

namespace digitry::test {
namespace {

// 2 rows of 3: 1 2 3 / 4 5 6.
Image six() { return {2, 3, 1, {1, 2, 3, 4, 5, 6}}; }

TEST(Image, IsTurnedUprightAsExifSays) {
  const auto turned = [](int orientation) { return upright(six(), orientation); };
  EXPECT_EQ(turned(1).pixels, six().pixels);
  EXPECT_EQ(turned(2).pixels, (std::vector<std::uint8_t>{3, 2, 1, 6, 5, 4}));
  EXPECT_EQ(turned(3).pixels, (std::vector<std::uint8_t>{6, 5, 4, 3, 2, 1}));
  EXPECT_EQ(turned(4).pixels, (std::vector<std::uint8_t>{4, 5, 6, 1, 2, 3}));
  EXPECT_EQ(turned(5).pixels, (std::vector<std::uint8_t>{1, 4, 2, 5, 3, 6}));
  // Orientation 6, as from a phone held upright: the first row is on the right.
  EXPECT_EQ(turned(6).pixels, (std::vector<std::uint8_t>{4, 1, 5, 2, 6, 3}));
  EXPECT_EQ(turned(7).pixels, (std::vector<std::uint8_t>{6, 3, 5, 2, 4, 1}));
  EXPECT_EQ(turned(8).pixels, (std::vector<std::uint8_t>{3, 6, 2, 5, 1, 4}));
  EXPECT_EQ(turned(6).height, 3);
  EXPECT_EQ(turned(6).width, 2);
  EXPECT_EQ(turned(0).pixels, six().pixels);
  EXPECT_EQ(turned(9).pixels, six().pixels);
}

TEST(Image, TurnsPixelsOfSeveralBytesAsOne) {
  const Image turned = upright({1, 2, 3, {1, 2, 3, 4, 5, 6}}, 2);
  EXPECT_EQ(turned.pixels, (std::vector<std::uint8_t>{4, 5, 6, 1, 2, 3}));
}

TEST(Image, BecomesGreyByLuminance) {
  const Image grey = to_grey({1, 4, 3, {255, 255, 255, 255, 0, 0, 0, 255, 0, 0, 0, 255}});
  EXPECT_EQ(grey.pixels, (std::vector<std::uint8_t>{255, 76, 150, 29}));
}

TEST(Image, TransparentPartsBecomePaperThatTheInkIsSeenOn) {
  const Image dark = to_grey({1, 3, 4, {0, 0, 0, 255, 0, 0, 0, 0, 255, 255, 255, 0}});
  EXPECT_EQ(dark.pixels, (std::vector<std::uint8_t>{0, 255, 255}));
  const Image light = to_grey({1, 3, 4, {255, 255, 255, 255, 255, 255, 255, 128, 0, 0, 0, 0}});
  EXPECT_EQ(light.pixels, (std::vector<std::uint8_t>{255, 128, 0}));
  const Image opaque = to_grey({1, 1, 4, {7, 7, 7, 255}});
  EXPECT_EQ(opaque.pixels, std::vector<std::uint8_t>{7});
}

TEST(Image, CountsThatDoNotFitAreRefused) {
  for (const Image& picture :
       {Image{0, 3, 1, {}}, Image{1, 3, 1, {1, 2}}, Image{1, 1, 2, {1, 2}}, Image{-1, -1, 1, {1}},
        Image{std::int64_t{1} << 40, std::int64_t{1} << 40, 1, {}},
        Image{1 << 13, (1 << 13) + 1, 1, {}}})
    expect_error(ErrorCode::kInvalidArgument, {"image: expected"}, [&] { check_image(picture); });
}

// 4×4 RGBA pixels of one grey and opacity.
Image grey_rgba(std::uint8_t grey, std::uint8_t opacity) {
  Image image{4, 4, 4, {}};
  for (int i = 0; i < 16; ++i) image.pixels.insert(image.pixels.end(), {grey, grey, grey, opacity});
  return image;
}

void set(Image& image, std::size_t pixel, std::uint8_t grey, std::uint8_t opacity) {
  for (std::size_t c = 0; c < 3; ++c) image.pixels[4 * pixel + c] = grey;
  image.pixels[4 * pixel + 3] = opacity;
}

TEST(ToGrey, TakesInkWhoseShapeIsInTheOpacityOntoPaper) {
  Image black = grey_rgba(0, 0);
  set(black, 5, 0, 255);
  EXPECT_EQ(to_grey(black).pixels[5], 0);
  EXPECT_EQ(to_grey(black).pixels[0], 255);
  Image white = grey_rgba(0, 0);
  set(white, 5, 255, 255);
  EXPECT_EQ(to_grey(white).pixels[5], 255);
  EXPECT_EQ(to_grey(white).pixels[0], 0);
  // Much ink of one colour is still ink.
  Image wide = grey_rgba(10, 255);
  set(wide, 0, 0, 0);
  EXPECT_EQ(to_grey(wide).pixels[0], 255);
}

TEST(ToGrey, FillsTransparentEdgesOfASheetWithItsPaper) {
  Image sheet = grey_rgba(230, 255);
  for (std::size_t i = 12; i < 16; ++i) set(sheet, i, 0, 0);
  set(sheet, 5, 20, 255);
  EXPECT_EQ(to_grey(sheet).pixels[13], 230);
  EXPECT_EQ(to_grey(sheet).pixels[5], 20);
  Image board = grey_rgba(25, 255);
  for (std::size_t i = 12; i < 16; ++i) set(board, i, 255, 0);
  set(board, 5, 240, 255);
  EXPECT_EQ(to_grey(board).pixels[13], 25);
}

}  // namespace
}  // namespace digitry::test
