#include "digitry/data/plasma_fractal.h"

#include <algorithm>
#include <cassert>

namespace digitry {
namespace {

// Finer steps are taken near the corner alone.
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

// Where squares of this width begin, along either axis. Near the corner there are two more of them
// than the next finer ones need: those at the rim have edges whose outer neighbours are not known.
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

// Of each square the upper edge and the left one; the others are its neighbours'.
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
