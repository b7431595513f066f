#include "digitry/image/blur.h"

#include <gmock/gmock.h>

#include <cmath>
#include <vector>

namespace digitry {
namespace {

using Outside = GaussianBlur::Outside;

// The weight of a pixel at distance k, for a window of radius 4.
float weight(int k) {
  double sum = 0;
  for (int i = -4; i <= 4; ++i) sum += std::exp(-i * i / 2.0);
  return std::abs(k) > 4 ? 0 : static_cast<float>(std::exp(-k * k / 2.0) / sum);
}

TEST(GaussianBlur, SpreadsAPointAlongOneAxis) {
  for (const bool columns : {true, false}) {
    std::vector<float> plane(11 * 11);
    plane[5 * 11 + 5] = 1;
    GaussianBlur blur({11, 11}, 1, Outside::kZero);
    columns ? blur.blur_columns(plane.data()) : blur.blur_rows(plane.data());
    for (int y = 0; y < 11; ++y)
      for (int x = 0; x < 11; ++x) {
        const int along = columns ? y - 5 : x - 5, across = columns ? x - 5 : y - 5;
        EXPECT_NEAR(plane[static_cast<std::size_t>(y * 11 + x)], across == 0 ? weight(along) : 0,
                    1e-6);
      }
  }
}

TEST(GaussianBlur, TakesTheNearestPixelOrZeroOutside) {
  for (const ImageSize size : {ImageSize{1, 1}, ImageSize{1, 3}, ImageSize{5, 2}}) {
    const auto area = static_cast<std::size_t>(size.height * size.width);
    std::vector<float> plane(area, 3.0F);
    GaussianBlur nearest(size, 1, Outside::kNearest);
    nearest.blur(plane.data());
    for (const float value : plane) EXPECT_NEAR(value, 3, 1e-5);
  }
  std::vector<float> pair{1, 1};
  GaussianBlur({1, 2}, 1, Outside::kZero).blur_rows(pair.data());
  EXPECT_NEAR(pair[0], weight(0) + weight(1), 1e-6);
  EXPECT_NEAR(pair[1], weight(0) + weight(1), 1e-6);
}

}  // namespace
}  // namespace digitry
