#include "digitry/image/thumbnails.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "digitry/base/error.h"

namespace digitry {
namespace {

using ::testing::ElementsAre;

Tensor images_of(Shape shape, std::vector<std::uint8_t> pixels) {
  Tensor images(std::move(shape), DType::kU8);
  std::copy(pixels.begin(), pixels.end(), images.as<std::uint8_t>().begin());
  return images;
}

TEST(Thumbnailer, InkOnDarkIsAsStored) {
  const Tensor images = images_of({1, 1, 2, 3}, {0, 0, 9, 0, 255, 0});
  EXPECT_THAT(Thumbnailer(images).make(0).pixels, ElementsAre(0, 0, 9, 0, 255, 0));
}

TEST(Thumbnailer, InkOnLightIsInverted) {
  const Tensor images = images_of({1, 1, 2, 3}, {255, 255, 250, 255, 0, 255});
  EXPECT_THAT(Thumbnailer(images).make(0).pixels, ElementsAre(0, 0, 5, 0, 255, 0));
}

TEST(Thumbnailer, ChannelsAreAveraged) {
  const Tensor images = images_of({1, 3, 1, 2}, {0, 30, 0, 60, 3, 90});
  EXPECT_THAT(Thumbnailer(images).make(0).pixels, ElementsAre(1, 60));
}

TEST(Thumbnailer, LargeImagesAreReducedByAWholeFactor) {
  Tensor images({2, 1, 100, 130}, DType::kU8);
  const auto pixels = images.as<std::uint8_t>();
  // The last block of image 1 is 1 row by 1 column: 100 = 33·3 + 1, 130 = 43·3 + 1.
  pixels[2 * 100 * 130 - 1] = 80;
  pixels[100 * 130] = 90;  // One of the nine pixels of the first block.
  const Thumbnailer thumbnailer(images);
  EXPECT_EQ(thumbnailer.width(), 44);
  EXPECT_EQ(thumbnailer.height(), 34);
  const Image thumbnail = thumbnailer.make(1);
  ASSERT_EQ(thumbnail.pixels.size(), 44u * 34);
  EXPECT_EQ(thumbnail.pixels.front(), 10);
  EXPECT_EQ(thumbnail.pixels.back(), 80);
}

TEST(Thumbnailer, RefusesWhatIsNoImage) {
  EXPECT_THROW(Thumbnailer(Tensor({2, 3, 3}, DType::kU8)), Error);
  EXPECT_THROW(Thumbnailer(Tensor({2, 1, 0, 3}, DType::kU8)), Error);
  EXPECT_THROW(Thumbnailer(Tensor({2, 1, 3, 3}, DType::kF32)), Error);
}

TEST(SpriteSheet, HoldsEachImageOnceAtItsPlace) {
  Tensor images({7, 1, 2, 5}, DType::kU8);
  for (std::size_t i = 0; i < 70; ++i) images.as<std::uint8_t>()[i] = static_cast<std::uint8_t>(i);
  const Thumbnailer thumbnailer(images);
  const std::vector<std::int64_t> indices = {6, 2, 6, 0, 4, 2};
  const SpriteSheet sheet(thumbnailer, indices);
  EXPECT_EQ(sheet.num_images(), 4u);
  std::size_t inked = 0;
  for (const std::int64_t index : {6, 2, 0, 4}) {
    const SpriteSheet::Place place = sheet.place(index);
    for (std::int64_t row = 0; row < 2; ++row) {
      for (std::int64_t column = 0; column < 5; ++column) {
        const auto at =
            static_cast<std::size_t>((place.y + row) * sheet.image().width + place.x + column);
        EXPECT_EQ(sheet.image().pixels.at(at), index * 10 + row * 5 + column);
        inked += sheet.image().pixels[at] != 0;
      }
    }
  }
  // The background around the images is empty.
  const auto nonzero = std::count_if(sheet.image().pixels.begin(), sheet.image().pixels.end(),
                                     [](std::uint8_t ink) { return ink != 0; });
  EXPECT_EQ(static_cast<std::size_t>(nonzero), inked);
}

TEST(SpriteSheet, OfNoImagesIsEmpty) {
  const Tensor images({1, 1, 2, 2}, DType::kU8);
  EXPECT_EQ(SpriteSheet(Thumbnailer(images), {}).image().width, 0);
}

}  // namespace
}  // namespace digitry
