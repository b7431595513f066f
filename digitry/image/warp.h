#pragma once

#include <cstdint>
#include <vector>

#include "digitry/image/image.h"

// Geometric transformations of one channel of one image.

namespace digitry::warp {

/// Maps an output pixel (x, y) to its source: u = ux·x + uy·y + u0, v = vx·x + vy·y + v0.
struct AffineMap {
  float ux = 1, uy = 0, u0 = 0;
  float vx = 0, vy = 1, v0 = 0;
};

/// u = ux·x + uy·y, v = vx·x + vy·y, with output and source coordinates relative to the centre of
/// the image.
struct LinearMap {
  double ux = 1, uy = 0;
  double vx = 0, vy = 1;
};
/// `map` about the centre of an image, which is then moved by (move_x, move_y) pixels.
AffineMap about_center(ImageSize size, const LinearMap& map, double move_x = 0, double move_y = 0);
/// `map` applied to the horizontally mirrored image.
AffineMap mirrored(const AffineMap& map, ImageSize size);

/// The number of pixels of a padded image: one row or column of zeros to the left and above, two to
/// the right and below, so that the loops need no tests for borders. Pixel (x, y) is at
/// (y + 1) · (width + 3) + x + 1.
inline std::int64_t padded_size(ImageSize size) { return (size.height + 3) * (size.width + 3); }
/// Copies `image` into a padded image whose border is already zero.
void pad(const std::uint8_t* image, ImageSize size, std::uint8_t* padded);

/// Moves the edges of strokes by `amount` in [−1, 1] pixels: blends the image with its grey
/// dilation (amount > 0) or erosion (amount < 0) by the 3×3 cross. Both images are padded.
void thicken(const std::uint8_t* padded, ImageSize size, float amount, std::uint8_t* result);

/// Packs the 2×2 pixels to the right of and below each position into one 32-bit word, so that
/// bilinear sampling reads one word per pixel. Positions are x in [−1, width], y in [−1, height].
inline std::int64_t packed_size(ImageSize size) { return (size.height + 2) * (size.width + 2); }
void pack_squares(const std::uint8_t* padded, ImageSize size, std::uint32_t* packed);

/// The value of an output pixel: sample · scale + offset.
struct PixelScale {
  float scale = 1;
  float offset = 0;
};

/// Computes row y of the output: samples the image at `map`(x, y) plus the displacement
/// (displacement[x], displacement[width + x]); bilinear, zero outside the image.
void sample_row(const std::uint32_t* packed, ImageSize size, const AffineMap& map, std::int64_t y,
                const float* displacement, const PixelScale& pixel, float* to);

}  // namespace digitry::warp

namespace digitry {

/// Applies an affine map to one channel of an image: bilinear, zero outside the image. Holds
/// scratch memory: use one object per thread.
class PlaneWarper {
 public:
  /// Expects sides of at least 1.
  explicit PlaneWarper(ImageSize size);

  /// `from` and `to` are [height, width]; they must not overlap.
  void warp(const std::uint8_t* from, const warp::AffineMap& source, const warp::PixelScale& pixel,
            float* to);

 private:
  ImageSize size_;
  std::vector<std::uint8_t> padded_;
  std::vector<std::uint32_t> packed_;
  std::vector<float> still_;  // Displacements of zero.
};

/// The same, rounded to whole pixel values.
class RoundingWarper {
 public:
  /// Expects sides of at least 1.
  explicit RoundingWarper(ImageSize size);

  /// `from` and `to` are [height, width]; they must not overlap.
  void warp(const std::uint8_t* from, const warp::AffineMap& source, std::uint8_t* to);

 private:
  PlaneWarper warper_;
  std::vector<float> exact_;
};

}  // namespace digitry
