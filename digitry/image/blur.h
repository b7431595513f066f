#pragma once

#include <cstdint>
#include <vector>

#include "digitry/image/image.h"

namespace digitry {

/// to[x] += weight · from[x], x in [0, width).
void add_weighted_line(const float* from, float weight, std::int64_t width, float* to);

/// Gaussian blur of standard deviation σ pixels, one axis after the other:
///
///   out[x] = Σ_k w[k] · in[x + k],  w[k] ∝ exp(−k²/2σ²) for |k| ≤ ⌊4σ + ½⌋,  Σ w[k] = 1
///
/// Images are float32, row-major [height, width]. Holds scratch memory: use one object per thread.
class GaussianBlur {
 public:
  /// Values outside the image: the nearest border pixel, or zero.
  enum class Outside { kNearest, kZero };

  /// Expects sides ≥ 1 and sigma > 0.
  GaussianBlur(ImageSize size, double sigma, Outside outside);

  /// Blurs along both axes, in place.
  void blur(float* plane) {
    blur_columns(plane);
    blur_rows(plane);
  }
  /// Blur along y only and along x only, in place.
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
