#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "digitry/base/attributes.h"
#include "digitry/tensor/tensor.h"

namespace digitry {

/// The strength of each random change of training images. Random values are uniform within their
/// bounds; all changes are off by default. Images are expected to have background 0.
struct AugmentOptions {
  double rotation = 0;     ///< Largest angle in degrees, in both directions.
  double translation = 0;  ///< Largest distance in pixels along each axis, in both directions.
  double zoom = 0;         ///< Each axis is scaled by its own factor in [1 − zoom, 1 + zoom].
  double shear = 0;        ///< Largest angle in degrees by which upright strokes lean.
  double flip = 0;         ///< Probability of a horizontal flip.
  /// Elastic distortion: the standard deviation of the displacement of a pixel along each axis, in
  /// pixels. No pixel moves further than 3.62 times that. In the terms of Simard et al. 2003 it is
  /// α / (2σ√(3π)): their α = 34 and σ = 4 are elastic = 1.38.
  double elastic = 0;
  double elastic_sigma = 4;  ///< Smoothness of the distortion in pixels: the σ of Simard et al.
  double thickness = 0;      ///< Largest distance in pixels by which edges of strokes move.
  double erase = 0;          ///< Probability that a random rectangle becomes background.
  double erase_area = 0.2;   ///< Largest fraction of the image that the rectangle covers.
  double erase_ink = 0;      ///< Largest ink in [0, 1] that fills the rectangle instead.
  double clutter = 0;        ///< Largest number of pieces of ink that are copied elsewhere.
  double filter = 0;         ///< Probability of a convolution with random weights.
  double filter_size = 7;    ///< Largest side of the window of that convolution in pixels.
  double blur = 0;           ///< Largest standard deviation of a Gaussian blur in pixels.
  double background = 0;     ///< Largest light in [0, 1] of the paper, which is uneven.
  double contrast = 0;       ///< Largest loss of contrast in [0, 1] between ink and paper.
  double invert = 0;         ///< Probability that light and dark are exchanged.
  /// Largest standard deviation of Gaussian noise in a random rectangle; full ink is 1.
  double noise = 0;

  /// Whether any change is on.
  bool any() const;
  bool operator==(const AugmentOptions&) const = default;
};

/// One option: its name in a recipe and the closed range of its values.
struct AugmentRule {
  const char* key;
  double AugmentOptions::*member;
  double low;
  double high;
  const char* help;  ///< One line of help text, with the unit.
};
/// All options.
std::span<const AugmentRule> augment_rules();

/// Reads the `[augmentation]` table of a recipe; the keys are the names of the fields. Throws
/// Error{kBadData}, whose message begins with `where`, for unknown keys and values out of range.
AugmentOptions read_augment_options(const Attributes& options, const std::string& where);

/// The inverse: the options that differ from their defaults.
Attributes to_attributes(const AugmentOptions& options);

/// Changes images at random, differently in each epoch, in this order: thickness; one map for all
/// geometric changes, sampled once, bilinear, zero outside the image; erasing; then the changes of
/// `IntensityAugmenter`.
///
///   out(p) = image(A⁻¹·p + d(p)),  A = move · rotate · shear · scale · flip about the centre
///
/// Sources. Affine map and elastic d: Simard, Steinkraus, Platt, "Best practices for convolutional
/// neural networks applied to visual document analysis", ICDAR 2003; `ElasticGrid` computes d.
/// Erasing: Zhong et al., "Random erasing data augmentation", AAAI 2020, with background as the
/// value. Clutter: Mnih et al., "Recurrent models of visual attention", NeurIPS 2014, with pieces
/// of the image itself. Noise: Lopes et al., "Improving robustness without sacrificing accuracy
/// with patch Gaussian augmentation", 2019. Thickness: grey dilation or erosion by the 3×3 cross,
/// blended with the image. Filter: see `RandomFilter`.
///
/// The result for an image is a function of (seed, epoch, image index, pixels) only; it does not
/// depend on the batch, its order or the number of threads. Turning one option on does not change
/// the random values of the others.
/// In plain loops: tests/reference/augment.h.
class Augmenter {
 public:
  /// For images of `image_shape` [C, H, W]. Throws Error{kInvalidArgument} if an option is out of
  /// range, Error{kShapeMismatch} if the rank is not 3 or an extent is 0.
  Augmenter(const AugmentOptions& options, const Shape& image_shape, std::uint64_t seed);

  /// Augments images[image_indices[i]] (uint8 [N, C, H, W]) and writes value · pixel_scale +
  /// pixel_offset, with values in [0, 255], to `to` at i · C·H·W. Expects `epoch` in [0, 2^24) and
  /// valid indices, which are not checked.
  /// Cost: 3 to 6 ns per pixel on one core, 20 to 50 ns with intensity changes. Uses all threads;
  /// allocates a few images per thread. Throws Error{kShapeMismatch} if the images or `to` have
  /// another size.
  void augment_batch(const Tensor& images, std::span<const std::int32_t> image_indices,
                     std::int64_t epoch, float pixel_scale, float pixel_offset,
                     std::span<float> to) const;

  const AugmentOptions& options() const { return options_; }

 private:
  class Workspace;

  AugmentOptions options_;
  Shape image_shape_;
  std::uint64_t seed_;
};

/// Images to look at: uint8 [R·(1 + versions), C, H, W]. For each of the R image indices it has the
/// image itself and its augmented versions in the epochs from `first_epoch` on. Throws as
/// `augment_batch` does.
Tensor preview_augmentation(const Augmenter& augmenter, const Tensor& images,
                            std::span<const std::int32_t> image_indices, std::int64_t first_epoch,
                            std::int64_t versions);

}  // namespace digitry
