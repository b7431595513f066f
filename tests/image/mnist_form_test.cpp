#include "digitry/image/mnist_form.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "digitry/base/random.h"
#include "digitry/data/dataset.h"

namespace digitry::test {
namespace {

using Grid = std::vector<std::vector<double>>;

Grid grid_of(std::span<const float> ink, std::size_t height, std::size_t width) {
  Grid grid(height, std::vector<double>(width));
  for (std::size_t y = 0; y < height; ++y)
    for (std::size_t x = 0; x < width; ++x) grid[y][x] = static_cast<double>(ink[y * width + x]);
  return grid;
}

bool row_is_empty(const Grid& grid, std::size_t y) {
  return std::ranges::all_of(grid[y], [](double v) { return v == 0; });
}

Grid transposed(const Grid& grid) {
  Grid result(grid[0].size(), std::vector<double>(grid.size()));
  for (std::size_t y = 0; y < grid.size(); ++y)
    for (std::size_t x = 0; x < grid[0].size(); ++x) result[x][y] = grid[y][x];
  return result;
}

Grid without_empty_rows_around(Grid grid) {
  while (row_is_empty(grid, grid.size() - 1)) grid.pop_back();
  while (row_is_empty(grid, 0)) grid.erase(grid.begin());
  return grid;
}

Grid widened(const Grid& grid, std::size_t side) {
  Grid square(side, std::vector<double>(side));
  const std::size_t top = (side - grid.size()) / 2;
  const std::size_t left = (side - grid[0].size()) / 2;
  for (std::size_t y = 0; y < grid.size(); ++y)
    for (std::size_t x = 0; x < grid[0].size(); ++x) square[top + y][left + x] = grid[y][x];
  return square;
}

Grid doubled(const Grid& grid) {
  Grid result(2 * grid.size(), std::vector<double>(2 * grid.size()));
  for (std::size_t y = 0; y < result.size(); ++y)
    for (std::size_t x = 0; x < result.size(); ++x) result[y][x] = grid[y / 2][x / 2];
  return result;
}

// Each of the 20 by 20 pixels is the mean of what it covers, by cutting every source pixel into 20
// by 20 parts.
Grid averaged(const Grid& square) {
  const std::size_t side = square.size();
  Grid box(20, std::vector<double>(20));
  for (std::size_t y = 0; y < 20 * side; ++y)
    for (std::size_t x = 0; x < 20 * side; ++x)
      box[y / side][x / side] += square[y / 20][x / 20] / static_cast<double>(side * side);
  return box;
}

// The steps of the source in plain loops.
MnistImage reference_form(std::span<const float> ink, std::size_t height, std::size_t width) {
  Grid grid = without_empty_rows_around(grid_of(ink, height, width));
  grid = transposed(without_empty_rows_around(transposed(grid)));
  grid = widened(grid, std::max({grid.size(), grid[0].size(), std::size_t{10}}));
  if (grid.size() < 20) grid = doubled(grid);
  const Grid box = averaged(grid);
  double largest = 0;
  for (const auto& row : box) largest = std::max(largest, *std::ranges::max_element(row));
  std::vector<std::vector<int>> quantised(20, std::vector<int>(20));
  double mass = 0;
  double mass_x = 0;
  double mass_y = 0;
  for (std::size_t y = 0; y < 20; ++y)
    for (std::size_t x = 0; x < 20; ++x) {
      quantised[y][x] = static_cast<int>(std::lround(255 * box[y][x] / largest));
      mass += quantised[y][x];
      mass_x += quantised[y][x] * (static_cast<double>(x) + 0.5);
      mass_y += quantised[y][x] * (static_cast<double>(y) + 0.5);
    }
  const auto offset = [&](double sum) {
    return static_cast<std::size_t>(std::clamp(static_cast<int>(15 - sum / mass), 0, 8));
  };
  MnistImage image{};
  for (std::size_t y = 0; y < 20; ++y)
    for (std::size_t x = 0; x < 20; ++x)
      image[(offset(mass_y) + y) * 28 + offset(mass_x) + x] =
          static_cast<std::uint8_t>(quantised[y][x]);
  return image;
}

// A few thick strokes at random places, with soft edges.
std::vector<float> random_ink(std::size_t height, std::size_t width, RandomStream& random) {
  std::vector<float> ink(height * width);
  for (int blob = 0; blob < 5; ++blob) {
    const auto cx = static_cast<double>(random.next_below(static_cast<std::uint32_t>(width)));
    const auto cy = static_cast<double>(random.next_below(static_cast<std::uint32_t>(height)));
    const double radius = 1 + static_cast<double>(random.next_below(4));
    for (std::size_t y = 0; y < height; ++y)
      for (std::size_t x = 0; x < width; ++x) {
        const double away =
            std::hypot(static_cast<double>(x) - cx, static_cast<double>(y) - cy) - radius;
        ink[y * width + x] =
            std::max(ink[y * width + x], static_cast<float>(std::clamp(1 - away, 0.0, 1.0)));
      }
  }
  return ink;
}

TEST(MnistForm, EqualsTheStepsOfTheSource) {
  RandomStream random(1, RandomPurpose::kTest);
  for (const auto& [height, width] : std::vector<std::pair<std::size_t, std::size_t>>{
           {1, 1}, {5, 7}, {9, 30}, {20, 20}, {28, 28}, {31, 17}, {64, 40}, {70, 95}}) {
    for (int repeat = 0; repeat < 4; ++repeat) {
      const std::vector<float> ink = random_ink(height, width, random);
      const MnistImage got =
          to_mnist_form(ink, static_cast<std::int64_t>(height), static_cast<std::int64_t>(width));
      const MnistImage want = reference_form(ink, height, width);
      for (std::size_t i = 0; i < got.size(); ++i)
        // Sums in another order may round to the other side of a half.
        ASSERT_LE(std::abs(got[i] - want[i]), 1) << height << "x" << width << " at " << i;
    }
  }
}

TEST(MnistForm, OfNoInkIsZeros) {
  const std::vector<float> ink(30);
  EXPECT_EQ(to_mnist_form(ink, 5, 6), MnistImage{});
}

TEST(MnistForm, PutsTheCentreOfMassWhereMnistHasIt) {
  RandomStream random(2, RandomPurpose::kTest);
  for (int repeat = 0; repeat < 50; ++repeat) {
    // A ring somewhere, with a blob on one side of it.
    std::vector<float> ink(50 * 60);
    const double cx = 15 + random.next_below(30);
    const double cy = 15 + random.next_below(20);
    for (int y = 0; y < 50; ++y)
      for (int x = 0; x < 60; ++x)
        if (std::fabs(std::hypot(x - cx, y - cy) - 10) < 2 || std::hypot(x - cx - 8, y - cy) < 4)
          ink[static_cast<std::size_t>(y) * 60 + static_cast<std::size_t>(x)] = 0.7F;
    const MnistImage image = to_mnist_form(ink, 50, 60);
    double mass = 0;
    double mass_x = 0;
    for (std::size_t i = 0; i < image.size(); ++i) {
      mass += image[i];
      mass_x += image[i] * (static_cast<double>(i % 28) + 0.5);
    }
    EXPECT_GT(mass_x / mass, 14);
    EXPECT_LE(mass_x / mass, 15);
    EXPECT_EQ(*std::ranges::max_element(image), 255);
  }
}

// MNIST's own digits do not change: they already have the box, the scale and the centre.
TEST(MnistForm, LeavesMnistsDigitsAsTheyAre) {
  const Dataset data = load_dataset("mnist", Split::kTrain);
  const auto pixels = data.images.as<std::uint8_t>();
  constexpr std::size_t kCount = 2000;
  std::size_t same = 0;
  for (std::size_t i = 0; i < kCount; ++i) {
    const auto image = pixels.subspan(i * 784, 784);
    const std::vector<float> ink(image.begin(), image.end());
    same += std::ranges::equal(to_mnist_form(ink, 28, 28), image) ? 1 : 0;
  }
  EXPECT_GT(same, kCount * 9 / 10) << "of " << kCount;
}

TEST(MnistForm, ShowsTheSurroundingsFaintlyInTheSameFrame) {
  constexpr std::int64_t kSide = 40;
  std::vector<float> ink(static_cast<std::size_t>(kSide * kSide));
  std::vector<float> around(ink.size());
  for (std::int64_t y = 10; y < 30; ++y) {
    ink[static_cast<std::size_t>(y * kSide + 20)] = 1;
    around[static_cast<std::size_t>(y * kSide + 26)] = 1;
  }
  const MnistImage alone = to_mnist_form(ink, kSide, kSide);
  const MnistImage both = to_mnist_form(ink, around, kSide, kSide);
  std::size_t line = 0;
  while (alone[10 * 28 + line] == 0) ++line;
  for (std::size_t i = 0; i < both.size(); ++i) {
    const bool beside = i % 28 == line + 6 && both[i] > 0;
    EXPECT_EQ(both[i], beside ? 89 : alone[i]) << i;
  }
  EXPECT_EQ(both[12 * 28 + line + 6], 89) << "0.35 of 255";
  EXPECT_EQ(to_mnist_form(ink, std::vector<float>(ink.size()), kSide, kSide), alone);
}

}  // namespace
}  // namespace digitry::test
