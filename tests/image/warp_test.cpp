#include "digitry/image/warp.h"

#include <gmock/gmock.h>

#include <vector>

namespace digitry {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;

std::vector<float> warped(const std::vector<std::uint8_t>& image, ImageSize size,
                          const warp::AffineMap& map, float thickness = 0) {
  std::vector<std::uint8_t> padded(static_cast<std::size_t>(warp::padded_size(size)));
  std::vector<std::uint8_t> thickened(padded.size());
  std::vector<std::uint32_t> packed(static_cast<std::size_t>(warp::packed_size(size)));
  warp::pad(image.data(), size, padded.data());
  warp::thicken(padded.data(), size, thickness, thickened.data());
  warp::pack_squares(thickened.data(), size, packed.data());
  const std::vector<float> still(static_cast<std::size_t>(2 * size.width));
  std::vector<float> result(image.size());
  for (std::int64_t y = 0; y < size.height; ++y)
    warp::sample_row(packed.data(), size, map, y, still.data(), {}, result.data() + y * size.width);
  return result;
}

const std::vector<std::uint8_t> kSix{1, 2, 3, 4, 5, 255};

TEST(Warp, IdentityIsExact) {
  EXPECT_THAT(warped(kSix, {2, 3}, {}), ElementsAreArray(kSix));
  EXPECT_THAT(warped(kSix, {6, 1}, {}), ElementsAreArray(kSix));
  EXPECT_THAT(warped({7}, {1, 1}, {}), ElementsAre(7));
}

TEST(Warp, ShiftsByWholeAndHalfPixelsWithZerosFromOutside) {
  EXPECT_THAT(warped(kSix, {2, 3}, {.u0 = -1}), ElementsAre(0, 1, 2, 0, 4, 5));
  EXPECT_THAT(warped(kSix, {2, 3}, {.v0 = 1}), ElementsAre(4, 5, 255, 0, 0, 0));
  EXPECT_THAT(warped(kSix, {2, 3}, {.u0 = 0.5F}), ElementsAre(1.5F, 2.5F, 1.5F, 4.5F, 130, 127.5F));
  EXPECT_THAT(warped(kSix, {2, 3}, {.v0 = -0.5F}), ElementsAre(0.5F, 1, 1.5F, 2.5F, 3.5F, 129));
  for (const float far : {3.0F, 1e9F, -3.0F, -1e9F})
    EXPECT_THAT(warped(kSix, {2, 3}, {.u0 = far}), ::testing::Each(0)) << far;
}

TEST(Warp, TurnsByQuarters) {
  const std::vector<std::uint8_t> nine{1, 2, 3, 4, 5, 6, 7, 8, 9};
  const warp::AffineMap quarter{.ux = 0, .uy = 1, .u0 = 0, .vx = -1, .vy = 0, .v0 = 2};
  EXPECT_THAT(warped(nine, {3, 3}, quarter), ElementsAre(7, 4, 1, 8, 5, 2, 9, 6, 3));
  const warp::AffineMap half{.ux = -1, .uy = 0, .u0 = 2, .vx = 0, .vy = -1, .v0 = 1};
  EXPECT_THAT(warped(kSix, {2, 3}, half), ElementsAre(255, 5, 4, 3, 2, 1));
}

TEST(Warp, ThickensAndThins) {
  const std::vector<std::uint8_t> dot{0, 0, 0, 0, 200, 0, 0, 0, 0};
  EXPECT_THAT(warped(dot, {3, 3}, {}, 1), ElementsAre(0, 200, 0, 200, 200, 200, 0, 200, 0));
  EXPECT_THAT(warped(dot, {3, 3}, {}, 0.25F), ElementsAre(0, 50, 0, 50, 200, 50, 0, 50, 0));
  EXPECT_THAT(warped(dot, {3, 3}, {}, -0.5F), ElementsAre(0, 0, 0, 0, 100, 0, 0, 0, 0));
  EXPECT_THAT(warped(dot, {3, 3}, {}, 0), ElementsAreArray(dot));
  const std::vector<std::uint8_t> full(9, 255);
  // Outside the image is background: an image of full ink becomes thinner at its border.
  EXPECT_THAT(warped(full, {3, 3}, {}, -1), ElementsAre(0, 0, 0, 0, 255, 0, 0, 0, 0));
  EXPECT_THAT(warped(full, {3, 3}, {}, 1), ElementsAreArray(full));
}

}  // namespace
}  // namespace digitry
