#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "digitry/base/random.h"
#include "digitry/image/blur.h"
#include "digitry/image/image.h"

// Internal to this folder: the corruption of one channel of one image, and the two algorithms
// behind Canny edges and fog. Constants without another source are those of MNIST-C.

namespace digitry::corruptors {

/// Reads a channel and writes it corrupted; 1 is full ink. The caller clamps the result to [0, 1].
/// Holds scratch memory: use one object per thread.
using Corruptor = std::function<void(const std::uint8_t* from, RandomStream& random, float* to)>;

/// The length of one pixel of a 28×28 image in pixels of an image of this size.
inline double unit(ImageSize size) {
  return static_cast<double>(std::min(size.height, size.width)) / 28;
}

/// The ink of a pixel: 0 to 1.
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
  double sigma = 1;  ///< Standard deviation of the Gaussian blur in pixels.
  /// Smallest gradient of an edge, by the Sobel operator, which gives 4 at a step of height 1.
  double low_threshold = 0.1;
  double high_threshold = 0.2;  ///< Each edge has a pixel with at least this gradient.
};

/// Canny edge detection: Gaussian blur, Sobel gradients, local maxima along the gradient, and of
/// those the pixels above the low threshold that are connected (in an 8-neighbourhood) to one above
/// the high threshold. Edges are one pixel wide if the maximum is unique. The outermost pixels of
/// the image are never edges.
/// Source: Canny, "A computational approach to edge detection", IEEE Transactions on Pattern
/// Analysis and Machine Intelligence 8, 1986. Holds scratch memory: use one object per thread.
class CannyDetector {
 public:
  /// Expects sides of at least 1 and sigma > 0.
  CannyDetector(ImageSize size, const CannyOptions& options);

  /// Replaces the ink of `plane`, [height, width], by 1 on edges and 0 elsewhere.
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
  std::vector<float> coverage_;  // Share of the blur window inside the image.
  std::vector<float> gradient_x_, gradient_y_, magnitude_;
  std::vector<std::int64_t> pending_;
};

/// One corner of a random landscape of 256×256 points, computed by the diamond-square algorithm on
/// a torus: the middle of each square, then of each edge, is the mean of its four neighbours plus a
/// uniform random step. When the squares become half as wide, the steps become `decay`² times
/// smaller.
/// Source: Fournier, Fussell, Carpenter, "Computer rendering of stochastic models", Communications
/// of the ACM 25, 1982.
///
/// Points less than 4 apart are computed only near the corner, which takes a twentieth of the time.
/// Holds scratch memory: use one object per thread.
class PlasmaFractal {
 public:
  static constexpr std::int64_t kSide = 256;

  /// Expects a corner of 1 to 128 points per side and decay of at least 1.
  PlasmaFractal(std::int64_t corner, double decay);

  /// Computes a new landscape.
  void draw(RandomStream& random);

  /// The height at row y and column x of the corner, scaled so that the computed points (every
  /// fourth point, and the corner) range from 0 to 1.
  float height(std::int64_t y, std::int64_t x) const {
    return (point(y, x) - low_) / (high_ - low_);
  }

 private:
  using Range = std::pair<std::int64_t, std::int64_t>;

  Range squares(std::int64_t step) const;
  void fill_squares(Range range, std::int64_t step, float amplitude, RandomStream& random);
  void fill_edges(Range range, std::int64_t step, float amplitude, RandomStream& random);
  void measure();

  // Accepts coordinates from −256: the size of the torus is a power of two.
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
