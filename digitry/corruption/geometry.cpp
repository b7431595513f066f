#include <cmath>
#include <vector>

#include "digitry/corruption/corruptors.h"
#include "digitry/image/warp.h"

namespace digitry::corruptors {
namespace {

// −1 or 1 with equal probability.
double random_sign(RandomStream& random) { return (random.next_u32() & 1) == 0 ? -1 : 1; }

// Transforms the image by the map that `draw_map(random)` returns.
template <typename DrawMap>
Corruptor warped_by(ImageSize size, const DrawMap& draw_map) {
  return [draw_map, warper = PlaneWarper(size)](const std::uint8_t* from, RandomStream& random,
                                                float* to) mutable {
    warper.warp(from, draw_map(random), {.scale = 1.0F / 255}, to);
  };
}

}  // namespace

// Leans the y axis by 0.4 radians without changing its length.
Corruptor shear(ImageSize size) {
  return warped_by(size, [size](RandomStream& random) {
    const double angle = 0.4 * random_sign(random);
    return warp::about_center(size, {1, -std::sin(angle), 0, std::cos(angle)});
  });
}

Corruptor scale(ImageSize size) {
  return warped_by(size, [size](RandomStream&) {
    return warp::about_center(size, {1 / 0.7, 0, 0, 1 / 0.7});
  });
}

// By 0.4 radians in either direction.
Corruptor rotate(ImageSize size) {
  return warped_by(size, [size](RandomStream& random) {
    const double angle = 0.4 * random_sign(random);
    const double cosine = std::cos(angle), sine = std::sin(angle);
    return warp::about_center(size, {cosine, -sine, sine, cosine});
  });
}

// Towards one of the four corners.
Corruptor translate(ImageSize size) {
  return warped_by(size, [distance = 3 * unit(size)](RandomStream& random) {
    warp::AffineMap map;
    map.u0 = static_cast<float>(distance * random_sign(random));
    map.v0 = static_cast<float>(distance * random_sign(random));
    return map;
  });
}

}  // namespace digitry::corruptors

// Lines are defined on 28×28 pixels and stretched over the image.

namespace digitry::corruptors {
namespace {

constexpr double kLaidOut = 28;

struct Point {
  double x = 0, y = 0;
};

// A soft line with ink 1 + log(1 − d/2.3) at distance d along y.
class SoftLine {
 public:
  SoftLine(ImageSize size, float* to)
      : size_(size),
        pitch_x_(kLaidOut / static_cast<double>(size.width)),
        pitch_y_(kLaidOut / static_cast<double>(size.height)),
        to_(to) {}

  // Adds the line from `a` to `b`, with a.x < b.x, in the columns for which `shows(x)` is true,
  // except for the last.
  template <typename Shows>
  void add(Point a, Point b, const Shows& shows) {
    const double slope = (b.y - a.y) / (b.x - a.x);
    for (std::int64_t column = 0; column < size_.width; ++column) {
      const double x = static_cast<double>(column) * pitch_x_;
      if (x >= std::floor(a.x) && x < std::ceil(b.x) && shows(x))
        add_column(column, slope * (x - a.x) + a.y);
    }
  }

 private:
  void add_column(std::int64_t column, double center) {
    constexpr double kReach = 2.3;
    for (std::int64_t row = 0; row < size_.height; ++row) {
      const double distance = std::fabs(static_cast<double>(row) * pitch_y_ - center);
      if (distance >= kReach) continue;
      float& ink = to_[row * size_.width + column];
      const auto added = static_cast<float>(std::max(1 + std::log(1 - distance / kReach), 0.0));
      ink = std::min(ink + added, 1.0F);
    }
  }

  ImageSize size_;
  double pitch_x_, pitch_y_;
  float* to_;
};

// A random row except for the last.
double random_row(RandomStream& random) { return random.next_below(27); }

// The corners of a zigzag from `a` to `b`: teeth of height 2; corners on one side are 8 apart.
std::vector<Point> zigzag_corners(Point a, Point b) {
  constexpr double kTooth = 2;
  const double angle = std::atan2(b.y - a.y, b.x - a.x);
  const double length = std::hypot(b.x - a.x, b.y - a.y);
  std::vector<Point> corners{{0, 0}};
  const double full = 2 * kTooth * std::floor(length / (2 * kTooth));
  double side = kTooth;
  for (double x = kTooth; x <= length; x += 2 * kTooth, side = -side) corners.push_back({x, side});
  // As in MNIST-C, the last corner is closer to the line if the rest is longer.
  if (length > full) corners.push_back({length, -side / (2 * (length - full))});
  for (Point& p : corners)
    p = {a.x + p.x * std::cos(angle) - p.y * std::sin(angle),
         a.y + p.x * std::sin(angle) + p.y * std::cos(angle)};
  return corners;
}

}  // namespace

// From left to right, 2 pixels off and 2 on.
Corruptor dotted_line(ImageSize size) {
  return [size](const std::uint8_t* from, RandomStream& random, float* to) {
    copy_ink(from, size.height * size.width, to);
    const double left = random_row(random), right = random_row(random);
    SoftLine(size, to).add({0, left}, {27, right},
                           [](double x) { return static_cast<int>(x / 2) % 2 == 1; });
  };
}

Corruptor zigzag(ImageSize size) {
  return [size](const std::uint8_t* from, RandomStream& random, float* to) {
    copy_ink(from, size.height * size.width, to);
    const double left = random_row(random);
    const double right = left + random.next_below(10) - 5;
    const std::vector<Point> corners = zigzag_corners({2, left}, {25, right});
    for (std::size_t i = 1; i < corners.size(); ++i)
      SoftLine(size, to).add(corners[i - 1], corners[i], [](double) { return true; });
  };
}

}  // namespace digitry::corruptors
