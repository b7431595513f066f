#pragma once

#include <cstdint>
#include <vector>

#include "digitry/image/image.h"

namespace digitry {

/// to[x] += weight · from[x], x in [0, width).
void add_weighted_line(const float* from, float weight, std::int64_t width, float* to);

/// Smoothing by a Gaussian of standard deviation σ pixels, one axis after the other: weights
/// exp(−k²/2σ²) for |k| ≤ ⌊4σ + ½⌋, of sum 1. Has memory of its own, and so serves one thread.
class GaussianBlur {
 public:
  /// What is taken to lie outside the image: its border's pixels again, or zeros.
  enum class Outside { kNearest, kZero };

  /// Expects sides ≥ 1 and sigma > 0.
  GaussianBlur(ImageSize size, double sigma, Outside outside);

  /// Along both axes, in place.
  void blur(float* plane) {
    blur_columns(plane);
    blur_rows(plane);
  }
  /// Along y alone, and along x.
  void blur_columns(float* plane);
  void blur_rows(float* plane);

 private:
  ImageSize size_;
  Outside outside_;
  std::vector<float> weights_;
  std::int64_t radius_;
  std::vector<float> padded_;
};

}  // namespace digitry
