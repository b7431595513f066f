#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "digitry/base/random.h"

namespace digitry {

/// One corner of a random landscape of 256×256 points, made by the diamond-square algorithm on a
/// torus: the middle of each square, then of each edge, is the mean of its four neighbours and a
/// uniform step, which is `decay`² times smaller for squares half as wide.
/// Source: Fournier, Fussell, Carpenter, "Computer rendering of stochastic models", Communications
/// of the ACM 25, 1982.
///
/// Points less than 4 apart are computed near the corner alone, where they are wanted: a twentieth
/// of the work. Has memory of its own, and so serves one thread.
class PlasmaFractal {
 public:
  static constexpr std::int64_t kSide = 256;

  /// Expects corner in [1, 128] points a side and decay ≥ 1.
  PlasmaFractal(std::int64_t corner, double decay);

  /// Draws a landscape.
  void draw(RandomStream& random);

  /// Height at row y and column x of the corner, scaled so that the landscape, known at every
  /// fourth point and in the corner, goes from 0 to 1.
  float height(std::int64_t y, std::int64_t x) const {
    return (point(y, x) - low_) / (high_ - low_);
  }

 private:
  using Range = std::pair<std::int64_t, std::int64_t>;

  Range squares(std::int64_t step) const;
  void fill_squares(Range range, std::int64_t step, float amplitude, RandomStream& random);
  void fill_edges(Range range, std::int64_t step, float amplitude, RandomStream& random);
  void measure();

  // Coordinates from −256 on; the torus's size is a power of two.
  static std::size_t index(std::int64_t y, std::int64_t x) {
    return static_cast<std::size_t>((y & (kSide - 1)) * kSide + (x & (kSide - 1)));
  }
  float point(std::int64_t y, std::int64_t x) const { return points_[index(y, x)]; }

  std::int64_t corner_;
  float decay_;
  std::vector<float> points_;
  float low_ = 0, high_ = 1;
};

}  // namespace digitry
