#include "digitry/augment/deformation.h"

#include <cmath>
#include <numbers>

#include "tests/data/test_files.h"

namespace digitry {
namespace {

constexpr ImageSize kSize{28, 20};
constexpr int kDraws = 2000;

Deformation drawn(const AugmentOptions& options, std::int32_t image_index, ImageSize size = kSize) {
  RandomStream random = augmentation_stream(1, 0, image_index);
  return draw_deformation(options, size, random);
}

// The source of the centre of the image, relative to the centre.
double centre_u(const warp::AffineMap& map) { return map.ux * 9.5 + map.uy * 13.5 + map.u0 - 9.5; }
double centre_v(const warp::AffineMap& map) { return map.vx * 9.5 + map.vy * 13.5 + map.v0 - 13.5; }

TEST(Deformation, TranslatesNoFurtherThanAsked) {
  double furthest = 0, sum = 0;
  for (int i = 0; i < kDraws; ++i) {
    const warp::AffineMap map = drawn({.translation = 3}, i).source;
    EXPECT_EQ(map.ux, 1);
    EXPECT_EQ(map.uy, 0);
    EXPECT_EQ(map.vx, 0);
    EXPECT_EQ(map.vy, 1);
    furthest = std::max({furthest, std::fabs(double{map.u0}), std::fabs(double{map.v0})});
    sum += map.u0 + map.v0;
  }
  EXPECT_LE(furthest, 3.00001);
  EXPECT_GT(furthest, 2.9) << "the whole range is used";
  EXPECT_NEAR(sum / kDraws, 0, 0.2);
}

TEST(Deformation, RotatesAboutTheCentreByNoMoreThanAsked) {
  double furthest = 0;
  for (int i = 0; i < kDraws; ++i) {
    const warp::AffineMap map = drawn({.rotation = 15}, i).source;
    EXPECT_NEAR(centre_u(map), 0, 1e-5);
    EXPECT_NEAR(centre_v(map), 0, 1e-5);
    EXPECT_NEAR(map.ux * map.vy - map.uy * map.vx, 1, 1e-6);
    EXPECT_EQ(map.ux, map.vy);
    EXPECT_EQ(map.uy, -map.vx);
    furthest = std::max(furthest, std::fabs(std::atan2(map.uy, map.ux)) * 180 / std::numbers::pi);
  }
  EXPECT_LE(furthest, 15.0001);
  EXPECT_GT(furthest, 14.5);
}

TEST(Deformation, ZoomsAndLeansByNoMoreThanAsked) {
  double least = 9, most = 0, leaning = 0;
  for (int i = 0; i < kDraws; ++i) {
    const warp::AffineMap zoom = drawn({.zoom = 0.2}, i).source;
    EXPECT_EQ(zoom.uy, 0);
    EXPECT_EQ(zoom.vx, 0);
    EXPECT_NEAR(centre_u(zoom), 0, 1e-5);
    least = std::min({least, 1.0 / zoom.ux, 1.0 / zoom.vy});
    most = std::max({most, 1.0 / zoom.ux, 1.0 / zoom.vy});
    const warp::AffineMap shear = drawn({.shear = 10}, i).source;
    EXPECT_EQ(shear.ux, 1);
    EXPECT_EQ(shear.vy, 1);
    EXPECT_EQ(shear.vx, 0) << "rows stay rows";
    EXPECT_NEAR(centre_u(shear), 0, 1e-5);
    leaning = std::max(leaning, std::fabs(std::atan(double{shear.uy})) * 180 / std::numbers::pi);
  }
  EXPECT_GE(least, 0.79999);
  EXPECT_LE(most, 1.20001);
  EXPECT_LT(least, 0.81);
  EXPECT_GT(most, 1.19);
  EXPECT_LE(leaning, 10.0001);
  EXPECT_GT(leaning, 9.7);
}

// The library computes the inverse in closed form; this test computes the map from the same
// numbers.
TEST(Deformation, IsTheInverseOfScaleShearRotateMove) {
  const AugmentOptions options{.rotation = 30, .translation = 4, .zoom = 0.3, .shear = 20};
  for (int i = 0; i < 50; ++i) {
    RandomStream random = augmentation_stream(1, 0, i);
    const auto uniform = [&](double bound) { return bound * (2 * random.next_float() - 1); };
    const double angle = uniform(30) * std::numbers::pi / 180;
    const double lean = std::tan(uniform(20) * std::numbers::pi / 180);
    const double scale_x = 1 + uniform(0.3), scale_y = 1 + uniform(0.3);
    const double move_x = uniform(4), move_y = uniform(4);
    const warp::AffineMap map = drawn(options, i).source;
    for (const auto& [x, y] : {std::pair{0.0, 0.0}, {19.0, 3.0}, {7.0, 27.0}}) {
      double u = scale_x * (map.ux * x + map.uy * y + map.u0 - 9.5);
      const double v = scale_y * (map.vx * x + map.vy * y + map.v0 - 13.5);
      u += lean * v;
      EXPECT_NEAR(std::cos(angle) * u - std::sin(angle) * v + 9.5 + move_x, x, 1e-4);
      EXPECT_NEAR(std::sin(angle) * u + std::cos(angle) * v + 13.5 + move_y, y, 1e-4);
    }
  }
}

TEST(Deformation, MovesEdgesByNoMoreThanAsked) {
  float least = 0, most = 0;
  for (int i = 0; i < kDraws; ++i) {
    const float thickness = drawn({.thickness = 0.4}, i).thickness;
    least = std::min(least, thickness);
    most = std::max(most, thickness);
  }
  EXPECT_GE(least, -0.40001F);
  EXPECT_LE(most, 0.40001F);
  EXPECT_LT(least, -0.39F);
  EXPECT_GT(most, 0.39F);
}

TEST(Deformation, ErasesRectanglesInsideTheImage) {
  for (const ImageSize size : {ImageSize{28, 28}, {5, 40}, {1, 1}, {2, 3}}) {
    int erased = 0;
    const double area = static_cast<double>(size.height * size.width);
    for (int i = 0; i < kDraws; ++i) {
      const ErasedRectangle hole = drawn({.erase = 0.3, .erase_area = 0.25}, i, size).erased;
      if (hole.height == 0) continue;
      ++erased;
      EXPECT_GE(hole.width, 1);
      EXPECT_GE(hole.left, 0);
      EXPECT_GE(hole.top, 0);
      EXPECT_LE(hole.left + hole.width, size.width);
      EXPECT_LE(hole.top + hole.height, size.height);
      // Sides are rounded down, but are at least one pixel.
      if (hole.height > 1 && hole.width > 1) {
        EXPECT_LE(static_cast<double>(hole.height * hole.width), 0.25 * area);
      }
    }
    EXPECT_NEAR(erased, 0.3 * kDraws, 100);
  }
  EXPECT_EQ(drawn({.rotation = 10}, 1).erased.height, 0);
}

TEST(Deformation, OneOptionLeavesTheOthersDraws) {
  const Deformation alone = drawn({.rotation = 10}, 5);
  const Deformation together =
      drawn({.rotation = 10, .thickness = 0.5, .erase = 1, .erase_area = 0.5}, 5);
  EXPECT_EQ(alone.source.ux, together.source.ux);
  EXPECT_EQ(alone.source.uy, together.source.uy);
}

TEST(ElasticGrid, DisplacesByItsStrengthAndNoFurtherThanItsBound) {
  for (const double sigma : {1.0, 4.0, 50.0}) {
    const ElasticGrid grid(30, 41, sigma);
    std::vector<float> values(static_cast<std::size_t>(grid.num_values()));
    std::vector<float> expanded(static_cast<std::size_t>(grid.num_expanded()));
    std::vector<float> row(82);
    double squares = 0, furthest = 0, count = 0, sum = 0;
    for (int i = 0; i < 300; ++i) {
      RandomStream random = augmentation_stream(1, 0, i);
      grid.draw(random, 2.0, values);
      grid.expand(values, expanded);
      for (std::int64_t y = 0; y < 30; ++y) {
        grid.displacement_row(expanded, y, row);
        for (const float d : row) {
          squares += double{d} * d;
          sum += d;
          furthest = std::max(furthest, std::fabs(double{d}));
          ++count;
        }
      }
    }
    EXPECT_NEAR(std::sqrt(squares / count), 2, sigma > 10 ? 0.3 : 0.1) << sigma;
    EXPECT_NEAR(sum / count, 0, 0.3) << sigma;
    EXPECT_LE(furthest, 2 * ElasticGrid::kMaxDisplacement);
  }
}

// The correlation at distance r falls like that of Gaussian-filtered noise, exp(−r²/4σ²).
TEST(ElasticGrid, IsAsSmoothAsAGaussianOfItsSigma) {
  const ElasticGrid grid(1, 200, 4);
  std::vector<float> values(static_cast<std::size_t>(grid.num_values()));
  std::vector<float> expanded(static_cast<std::size_t>(grid.num_expanded()));
  std::vector<float> row(400);
  double products[17] = {};
  for (int i = 0; i < 400; ++i) {
    RandomStream random = augmentation_stream(1, 0, i);
    grid.draw(random, 1, values);
    grid.expand(values, expanded);
    grid.displacement_row(expanded, 0, row);
    for (std::size_t x = 0; x < 180; ++x)
      for (const std::size_t r : {0, 4, 8, 16}) products[r] += double{row[x]} * row[x + r];
  }
  for (const int r : {4, 8, 16})
    EXPECT_NEAR(products[r] / products[0], std::exp(-r * r / 64.0), 0.06) << r;
}

}  // namespace
}  // namespace digitry
