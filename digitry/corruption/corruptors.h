#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "digitry/base/random.h"
#include "digitry/image/blur.h"
#include "digitry/image/image.h"

// What each corruption does to one channel of one image. Numbers without another source are those
// with which MNIST-C was made.

namespace digitry::corruptors {

/// Reads a channel, writes it corrupted, 1 being full ink; what leaves 0 to 1 is cut off later. Has
/// memory of its own, and so serves one thread.
using Corruptor = std::function<void(const std::uint8_t* from, RandomStream& random, float* to)>;

/// How many pixels a pixel of 28×28 is here, for lengths that are the same along both axes.
inline double unit(ImageSize size) {
  return static_cast<double>(std::min(size.height, size.width)) / 28;
}

/// A pixel as ink, 1 being full.
inline float ink_of(std::uint8_t pixel) { return static_cast<float>(pixel) / 255; }
inline void copy_ink(const std::uint8_t* from, std::int64_t area, float* to) {
  std::transform(from, from + area, to, ink_of);
}

Corruptor shot_noise(ImageSize size);
Corruptor impulse_noise(ImageSize size);
Corruptor spatter(ImageSize size);
Corruptor glass_blur(ImageSize size);
Corruptor motion_blur(ImageSize size);
Corruptor shear(ImageSize size);
Corruptor scale(ImageSize size);
Corruptor rotate(ImageSize size);
Corruptor translate(ImageSize size);
Corruptor brightness(ImageSize size);
Corruptor stripe(ImageSize size);
Corruptor fog(ImageSize size);
Corruptor dotted_line(ImageSize size);
Corruptor zigzag(ImageSize size);
Corruptor canny_edges(ImageSize size);

}  // namespace digitry::corruptors

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
