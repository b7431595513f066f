#pragma once

#include <cstdint>
#include <vector>

#include "digitry/image/image.h"

// The loops of augmentation on one channel of one image.

namespace digitry::warp {

/// Where an output pixel comes from: u = ux·x + uy·y + u0, v = vx·x + vy·y + v0.
struct AffineMap {
  float ux = 1, uy = 0, u0 = 0;
  float vx = 0, vy = 1, v0 = 0;
};

/// u = ux·x + uy·y, v = vx·x + vy·y: where what is at (x, y) from the image's centre comes from, by
/// its place from the centre.
struct LinearMap {
  double ux = 1, uy = 0;
  double vx = 0, vy = 1;
};
/// The same for the pixels of an image, which then moved by (move_x, move_y).
AffineMap about_center(ImageSize size, const LinearMap& map, double move_x = 0, double move_y = 0);
/// The same map of the image whose left and right have changed places.
AffineMap mirrored(const AffineMap& map, ImageSize size);

/// An image with zeros about it, one pixel left and above, two right and below: no loop here has
/// to ask for borders. Pixel (x, y) is at (y + 1) · (width + 3) + x + 1.
inline std::int64_t padded_size(ImageSize size) { return (size.height + 3) * (size.width + 3); }
/// Copies `image` into a padded one whose border is zero already.
void pad(const std::uint8_t* image, ImageSize size, std::uint8_t* padded);

/// Moves the edges of strokes by `amount` in [−1, 1] pixels: a blend of the image and its grey
/// dilation (amount > 0) or erosion (amount < 0) by the 3×3 cross. Both images are padded.
void thicken(const std::uint8_t* padded, ImageSize size, float amount, std::uint8_t* result);

/// The 2×2 pixels at and right and below of each place, a byte each, so that bilinear sampling
/// reads one word a pixel: for x in [−1, width], y in [−1, height].
inline std::int64_t packed_size(ImageSize size) { return (size.height + 2) * (size.width + 2); }
void pack_squares(const std::uint8_t* padded, ImageSize size, std::uint32_t* packed);

/// Value of an output pixel: sample · scale + offset.
struct PixelScale {
  float scale = 1;
  float offset = 0;
};

/// One row y of the output: samples the image, bilinear and zero outside, where `map` says plus
/// displacement[x] along u and displacement[width + x] along v.
void sample_row(const std::uint32_t* packed, ImageSize size, const AffineMap& map, std::int64_t y,
                const float* displacement, const PixelScale& pixel, float* to);

}  // namespace digitry::warp

namespace digitry {

/// Samples one channel of an image where an affine map says, bilinear, with zeros outside. Has
/// memory of its own, and so serves one thread.
class PlaneWarper {
 public:
  /// Expects sides >= 1.
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
  /// Expects sides >= 1.
  explicit RoundingWarper(ImageSize size);

  /// Reads `from` and writes `to`, both height · width pixels.
  void warp(const std::uint8_t* from, const warp::AffineMap& source, std::uint8_t* to);

 private:
  PlaneWarper warper_;
  std::vector<float> exact_;
};

}  // namespace digitry
