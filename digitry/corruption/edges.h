#pragma once

#include <cstdint>
#include <vector>

#include "digitry/image/blur.h"

namespace digitry {

struct CannyOptions {
  double sigma = 1;             ///< Of the smoothing before, in pixels.
  double low_threshold = 0.1;   ///< Of the gradient's length by Sobel's operator, whose weights sum
                                ///< to 8: 4 at a step of height 1.
  double high_threshold = 0.2;  ///< Edges reach it somewhere.
};

/// Edges, one pixel wide where the gradient's largest value is unique: smoothing, Sobel gradients,
/// maxima along the gradient, and those above the low threshold that are connected (of eight
/// neighbours) with one above the high threshold. The image's outermost pixels are never edges.
/// Source: Canny, "A computational approach to edge detection", IEEE Transactions on Pattern
/// Analysis and Machine Intelligence 8, 1986.
/// Has memory of its own, and so serves one thread.
class CannyDetector {
 public:
  /// Expects sides ≥ 1 and sigma > 0.
  CannyDetector(ImageSize size, const CannyOptions& options);

  /// Puts 1 on edges and 0 elsewhere, in place of the ink of `plane`.
  void detect(float* plane);

 private:
  void smooth(float* plane);
  void differentiate(const float* plane);
  bool is_maximum(std::int64_t y, std::int64_t x) const;
  void follow_edges(float* plane);
  std::size_t index(std::int64_t y, std::int64_t x) const {
    return static_cast<std::size_t>(y * size_.width + x);
  }

  ImageSize size_;
  CannyOptions options_;
  GaussianBlur blur_;
  std::vector<float> coverage_;  // How much of the smoothing's window lies inside.
  std::vector<float> gradient_x_, gradient_y_, magnitude_;
  std::vector<std::int64_t> pending_;
};

}  // namespace digitry
