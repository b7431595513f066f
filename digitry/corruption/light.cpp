#include <algorithm>
#include <cassert>

#include "digitry/corruption/corruptors.h"

namespace digitry {
namespace {

// Finer steps are computed only near the corner.
constexpr std::int64_t kFinestEverywhere = 8;

float step_of(float amplitude, RandomStream& random) {
  return amplitude * (2 * random.next_float() - 1);
}

}  // namespace

PlasmaFractal::PlasmaFractal(std::int64_t corner, double decay)
    : corner_(corner),
      decay_(static_cast<float>(decay)),
      points_(static_cast<std::size_t>(kSide * kSide)) {
  assert(corner >= 1 && corner <= kSide / 2 && decay >= 1);
}

// The range along either axis in which squares of this width begin. Near the corner it has two more
// squares than the next finer level needs, because the edges of the outermost squares have
// neighbours that are not computed.
PlasmaFractal::Range PlasmaFractal::squares(std::int64_t step) const {
  if (step >= kFinestEverywhere || corner_ + 4 * step >= kSide) return {0, kSide};
  return {-2 * step, corner_ + 2 * step};
}

void PlasmaFractal::fill_squares(Range range, std::int64_t step, float amplitude,
                                 RandomStream& random) {
  for (std::int64_t y = range.first; y < range.second; y += step)
    for (std::int64_t x = range.first; x < range.second; x += step) {
      const float corners =
          point(y, x) + point(y, x + step) + point(y + step, x) + point(y + step, x + step);
      points_[index(y + step / 2, x + step / 2)] = corners / 4 + step_of(amplitude, random);
    }
}

// Fills the upper and the left edge of each square; the other two belong to its neighbours.
void PlasmaFractal::fill_edges(Range range, std::int64_t step, float amplitude,
                               RandomStream& random) {
  const std::int64_t half = step / 2;
  for (std::int64_t y = range.first; y < range.second; y += step)
    for (std::int64_t x = range.first; x < range.second; x += step) {
      const float own = point(y, x) + point(y + half, x + half);
      const float upper = own + point(y, x + step) + point(y - half, x + half);
      const float left = own + point(y + step, x) + point(y + half, x - half);
      points_[index(y, x + half)] = upper / 4 + step_of(amplitude, random);
      points_[index(y + half, x)] = left / 4 + step_of(amplitude, random);
    }
}

void PlasmaFractal::measure() {
  low_ = high_ = points_[0];
  const auto measure_square = [&](std::int64_t side, std::int64_t step) {
    for (std::int64_t y = 0; y < side; y += step)
      for (std::int64_t x = 0; x < side; x += step) {
        low_ = std::min(low_, point(y, x));
        high_ = std::max(high_, point(y, x));
      }
  };
  measure_square(kSide, kFinestEverywhere / 2);
  measure_square(corner_, 1);
}

void PlasmaFractal::draw(RandomStream& random) {
  points_[0] = 0;
  float amplitude = 1;
  for (std::int64_t step = kSide; step >= 2; step /= 2) {
    fill_squares(squares(step), step, amplitude, random);
    fill_edges(squares(step), step, amplitude, random);
    amplitude /= decay_ * decay_;
  }
  measure();
}

}  // namespace digitry

namespace digitry::corruptors {

Corruptor brightness(ImageSize size) {
  return [area = size.height * size.width](const std::uint8_t* from, RandomStream&, float* to) {
    for (std::int64_t i = 0; i < area; ++i) to[i] = std::min(ink_of(from[i]) + 0.5F, 1.0F);
  };
}

// Inverts the outer quarters.
Corruptor stripe(ImageSize size) {
  return [size](const std::uint8_t* from, RandomStream&, float* to) {
    for (std::int64_t i = 0; i < size.height * size.width; ++i) {
      const std::int64_t x = i % size.width;
      const bool outside = 4 * x < size.width || 4 * x >= 3 * size.width;
      to[i] = outside ? 1 - ink_of(from[i]) : ink_of(from[i]);
    }
  };
}

// Adds a landscape three times as bright as the ink and scales the sum to the range of the ink. The
// corner of 28×28 points of the landscape is stretched over the image.
Corruptor fog(ImageSize size) {
  constexpr float kThickness = 3;
  constexpr std::int64_t kPoints = 28;
  return [size, landscape = PlasmaFractal(kPoints + 1, 1.4)](
             const std::uint8_t* from, RandomStream& random, float* to) mutable {
    landscape.draw(random);
    const std::int64_t area = size.height * size.width;
    const float brightest = ink_of(*std::max_element(from, from + area));
    const float range = brightest / (brightest + kThickness);
    for (std::int64_t y = 0; y < size.height; ++y)
      for (std::int64_t x = 0; x < size.width; ++x) {
        const float v = static_cast<float>(y * kPoints) / static_cast<float>(size.height);
        const float u = static_cast<float>(x * kPoints) / static_cast<float>(size.width);
        const auto row = static_cast<std::int64_t>(v), column = static_cast<std::int64_t>(u);
        const float down = v - static_cast<float>(row), right = u - static_cast<float>(column);
        const auto along_x = [&](std::int64_t r) {
          return landscape.height(r, column) * (1 - right) +
                 landscape.height(r, column + 1) * right;
        };
        const float height = along_x(row) * (1 - down) + along_x(row + 1) * down;
        const std::int64_t i = y * size.width + x;
        to[i] = (ink_of(from[i]) + kThickness * height) * range;
      }
  };
}

}  // namespace digitry::corruptors
