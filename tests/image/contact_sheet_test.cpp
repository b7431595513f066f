#include <gtest/gtest.h>

#include <algorithm>

#include "digitry/base/error.h"
#include "digitry/image/thumbnails.h"

namespace digitry {
namespace {

TEST(ContactSheet, PutsImagesInRowsTheFirstSetApart) {
  // All pixels of image i are i + 1; height 2, width 3.
  Tensor images({5, 1, 2, 3}, DType::kU8);
  const auto pixels = images.as<std::uint8_t>();
  for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<std::uint8_t>(i / 6 + 1);
  for (const std::int64_t zoom : {1, 3}) {
    const Image sheet = make_contact_sheet(images, {.per_row = 3, .zoom = zoom, .gap_ink = 99});
    ASSERT_EQ(sheet.width, (1 + 3 + 5 + 3 + 1 + 3 + 1) * zoom);
    ASSERT_EQ(sheet.height, (1 + 2 + 1 + 2 + 1) * zoom);
    const auto at = [&](std::int64_t x, std::int64_t y) {
      return sheet.pixels.at(static_cast<std::size_t>(y * zoom * sheet.width + x * zoom));
    };
    for (const auto& [image, x, y] :
         {std::tuple{1, 1, 1}, {2, 9, 1}, {3, 13, 1}, {4, 1, 4}, {5, 9, 4}}) {
      EXPECT_EQ(at(x, y), image);
      EXPECT_EQ(at(x + 2, y + 1), image);
      EXPECT_EQ(at(x - 1, y), 99);
      EXPECT_EQ(at(x + 3, y), 99);
      EXPECT_EQ(at(x, y - 1), 99);
      EXPECT_EQ(at(x, y + 2), 99);
      EXPECT_EQ(std::ranges::count(sheet.pixels, image), 6 * zoom * zoom);
    }
  }
}

TEST(ContactSheet, RefusesWhatIsNoImage) {
  EXPECT_THROW(make_contact_sheet(Tensor({2, 3, 3}, DType::kU8), {}), Error);
}

}  // namespace
}  // namespace digitry
