#pragma once

#include <cstdint>
#include <vector>

#include "digitry/data/warp.h"

namespace digitry {

/// Samples one channel of an image where an affine map says, bilinear, with zeros outside. Has
/// memory of its own, and so serves one thread.
class PlaneWarper {
 public:
  /// Wants sides >= 1.
  explicit PlaneWarper(ImageSize size);

  /// Reads `from` and writes `to`, both height · width pixels.
  void warp(const std::uint8_t* from, const warp::AffineMap& source, const warp::PixelScale& pixel,
            float* to);

 private:
  ImageSize size_;
  std::vector<std::uint8_t> padded_;
  std::vector<std::uint32_t> packed_;
  std::vector<float> still_;  // No displacement.
};

/// The same to whole pixel values.
class RoundingWarper {
 public:
  /// Wants sides >= 1.
  explicit RoundingWarper(ImageSize size);

  /// Reads `from` and writes `to`, both height · width pixels.
  void warp(const std::uint8_t* from, const warp::AffineMap& source, std::uint8_t* to);

 private:
  PlaneWarper warper_;
  std::vector<float> exact_;
};

}  // namespace digitry
