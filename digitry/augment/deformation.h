#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "digitry/augment/augment.h"
#include "digitry/base/random.h"
#include "digitry/image/warp.h"

namespace digitry {

/// A smooth random displacement of each pixel: a uniform cubic B-spline over a coarse grid of
/// random values.
/// Source: the free-form deformation of Rueckert et al., "Nonrigid registration using free-form
/// deformations", IEEE Transactions on Medical Imaging 18, 1999.
///
/// It approximates white noise smoothed by a Gaussian of standard deviation sigma (Simard et al.
/// 2003) at a fraction of the cost: a cubic B-spline with knot distance h is close to a Gaussian of
/// variance h²/3, because it is the convolution of four boxes of variance h²/12. The knots are
/// therefore √3·sigma apart. Grid values are uniform, as in Simard et al., so that no displacement
/// exceeds kMaxDisplacement standard deviations.
class ElasticGrid {
 public:
  static constexpr double kMaxDisplacement = 3.62;

  /// Expects height, width ≥ 1 and sigma > 0.
  ElasticGrid(std::int64_t height, std::int64_t width, double sigma);

  std::int64_t num_values() const { return 2 * rows_.num_knots * columns_.num_knots; }
  std::int64_t num_expanded() const { return 2 * rows_.num_knots * width_; }

  /// Draws the grid values, [knot row][axis: x, y][knot column], for displacements with a standard
  /// deviation of `strength` pixels. Expects num_values() of them.
  void draw(RandomStream& random, double strength, std::span<float> values) const;

  /// Interpolates along x: `expanded` is [knot row][axis][width], with num_expanded() values.
  void expand(std::span<const float> values, std::span<float> expanded) const;

  /// Interpolates along y: computes the displacements of image row y, [axis][width].
  void displacement_row(std::span<const float> expanded, std::int64_t y,
                        std::span<float> displacement) const;

 private:
  // Pixel i depends on the knots first[i] ... first[i] + 3, with the weights
  // weights[j · length + i] for j = 0 ... 3.
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

/// The rectangle that is erased; empty if a side is 0.
struct ErasedRectangle {
  std::int64_t top = 0, left = 0, height = 0, width = 0;
};

/// The geometric changes of one image, except for its elastic displacement.
struct Deformation {
  warp::AffineMap source;  ///< A⁻¹ about the centre of the image.
  float thickness = 0;     ///< The amount for warp::thicken.
  ErasedRectangle erased;  ///< Lies inside the image.
};

/// The random numbers for one image in one epoch.
RandomStream augmentation_stream(std::uint64_t seed, std::int64_t epoch, std::int32_t image_index);

/// Draws one deformation. The number of values taken from `random` does not depend on the options.
Deformation draw_deformation(const AugmentOptions& options, ImageSize size, RandomStream& random);

}  // namespace digitry
