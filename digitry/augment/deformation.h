#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "digitry/augment/augment.h"
#include "digitry/base/random.h"
#include "digitry/image/warp.h"

namespace digitry {

/// A smooth random displacement of each pixel: a uniform cubic B-spline over a coarse grid of
/// random values, the free-form deformation of Rueckert et al., "Nonrigid registration using
/// free-form deformations", IEEE Transactions on Medical Imaging 18, 1999.
///
/// It stands for white noise smoothed by a Gaussian of standard deviation sigma (Simard et al.
/// 2003) at a fraction of the cost: a cubic B-spline on knots h apart is near a Gaussian of
/// variance h²/3, being four boxes of variance h²/12 convolved, so that knots are √3·sigma apart.
/// Grid values are uniform, as Simard's are, which bounds the displacement: by kMaxDisplacement
/// standard deviations.
class ElasticGrid {
 public:
  static constexpr double kMaxDisplacement = 3.62;

  /// Expects height, width ≥ 1 and sigma > 0.
  ElasticGrid(std::int64_t height, std::int64_t width, double sigma);

  std::int64_t num_values() const { return 2 * rows_.num_knots * columns_.num_knots; }
  std::int64_t num_expanded() const { return 2 * rows_.num_knots * width_; }

  /// Draws num_values() grid values for displacements of standard deviation `strength` pixels:
  /// [knot row][axis: x, y][knot column].
  void draw(RandomStream& random, double strength, std::span<float> values) const;

  /// Interpolates along x: [knot row][axis][width], num_expanded() of them.
  void expand(std::span<const float> values, std::span<float> expanded) const;

  /// Interpolates along y: the displacements of image row y, [axis][width].
  void displacement_row(std::span<const float> expanded, std::int64_t y,
                        std::span<float> displacement) const;

 private:
  // Pixel i lies in the cell of knots first[i] ... first[i] + 3; weight j of it is
  // weights[j · length + i].
  struct Axis {
    Axis(std::int64_t length, double spacing);
    std::int64_t num_knots;
    std::vector<std::int32_t> first;
    std::vector<float> weights;
  };

  std::int64_t width_;
  Axis rows_;
  Axis columns_;
};

/// Pixels that are made background; none where a side is 0.
struct ErasedRectangle {
  std::int64_t top = 0, left = 0, height = 0, width = 0;
};

/// What becomes of one image, but for its elastic displacement.
struct Deformation {
  warp::AffineMap source;  ///< A⁻¹ about the image's centre.
  float thickness = 0;     ///< For warp::thicken.
  ErasedRectangle erased;  ///< Inside the image.
};

/// The random numbers of one image in one epoch.
RandomStream augmentation_stream(std::uint64_t seed, std::int64_t epoch, std::int32_t image_index);

/// Draws one deformation; takes the same count of numbers from `random` whatever the options.
Deformation draw_deformation(const AugmentOptions& options, ImageSize size, RandomStream& random);

}  // namespace digitry
