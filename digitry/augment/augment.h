#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "digitry/base/attributes.h"
#include "digitry/tensor/tensor.h"

namespace digitry {

/// How strongly training images are changed. All that is drawn is uniform within its bounds;
/// everything is off by default. Images have background 0.
struct AugmentOptions {
  double rotation = 0;     ///< Degrees, either way.
  double translation = 0;  ///< Pixels along each axis, either way.
  double zoom = 0;         ///< Each axis is scaled by its own factor of 1 − zoom to 1 + zoom.
  double shear = 0;        ///< Degrees by which upright strokes lean, either way.
  double flip = 0;         ///< Probability that left and right change places.
  /// Elastic distortion: the standard deviation of each pixel's displacement along each axis, in
  /// pixels; none is displaced further than 3.62 times that. In the terms of Simard et al. 2003 it
  /// is α / (2σ√(3π)): their α = 34 and σ = 4 are elastic = 1.38.
  double elastic = 0;
  double elastic_sigma = 4;  ///< Smoothness of the distortion in pixels, Simard's σ.
  double thickness = 0;      ///< Pixels by which edges of strokes move, outwards or inwards.
  double erase = 0;          ///< Probability that one random rectangle becomes background.
  double erase_area = 0.2;   ///< The largest part of the image that it covers.
  double erase_ink = 0;      ///< The most ink, of 0 to 1, that it is filled with instead.
  double clutter = 0;        ///< The most pieces of its own ink that are put elsewhere in an image.
  double filter = 0;         ///< Probability of a convolution with random weights.
  double filter_size = 7;    ///< The largest side of its window in pixels.
  double blur = 0;           ///< The largest standard deviation of a Gaussian blur, in pixels.
  double background = 0;     ///< The most light, of 0 to 1, of the paper, which is uneven.
  double contrast = 0;       ///< The most contrast, of 0 to 1, that ink and paper lose.
  double invert = 0;         ///< Probability that light and dark change places.
  /// The largest standard deviation, full ink being 1, of Gaussian noise in one random rectangle.
  double noise = 0;

  /// Whether anything is on.
  bool any() const;
  operator Attributes() const;  // NOLINT(google-explicit-constructor)
  bool operator==(const AugmentOptions&) const = default;
};

/// One of the options: its name in a recipe and the closed range of its values.
struct AugmentRule {
  const char* key;
  double AugmentOptions::*member;
  double low;
  double high;
  const char* help;  ///< A line for a person, with the unit.
};
std::span<const AugmentRule> augment_rules();

/// Reads the `[augmentation]` table of a recipe; keys are the names of the fields.
/// Throws Error{kBadData} that begins with `where` for unknown keys and values out of range.
AugmentOptions read_augment_options(const Attributes& options, const std::string& where);

/// The inverse: the options that are not as they are by default.
Attributes to_attributes(const AugmentOptions& options);

/// Changes images at random, anew for each epoch: thickness first, then one map of all geometric
/// changes, sampled once, bilinear, zero outside; then erasing; then what `IntensityAugmenter`
/// does.
///
///   out(p) = image(A⁻¹·p + d(p)),  A = move · rotate · shear · scale · flip about the image's
///   centre
///
/// Sources: affine and elastic d: Simard, Steinkraus, Platt, "Best practices for convolutional
/// neural networks applied to visual document analysis", ICDAR 2003, with d made as ElasticGrid
/// says; erasing: Zhong et al., "Random erasing data augmentation", AAAI 2020, with background for
/// the value. Thickness: grey dilation or erosion by the 3×3 cross, blended with the image.
/// Clutter: Mnih et al., "Recurrent models of visual attention", NeurIPS 2014, with pieces of the
/// image itself; filter: RandomFilter; noise: Lopes et al., "Improving robustness without
/// sacrificing accuracy with patch Gaussian augmentation", 2019.
///
/// What becomes of an image is a function of (seed, epoch, image index, pixels) alone: neither of
/// the batch nor of its order nor of the number of threads. Turning one option on leaves what the
/// others draw as it is.
class Augmenter {
 public:
  /// For images of `image_shape` [C, H, W]. Throws Error{kInvalidArgument} where an option is out
  /// of its range, Error{kShapeMismatch} for another rank or an empty side.
  Augmenter(const AugmentOptions& options, const Shape& image_shape, std::uint64_t seed);

  /// Writes augmented `images`[image_indices[i]] (uint8 [N, C, H, W]), value · pixel_scale +
  /// pixel_offset with values in [0, 255], to `to` at i · C·H·W. `epoch` is in [0, 2^24).
  /// Cost: 3 to 6 ns a pixel of one core, 20 to 50 with tones. Spread over threads; allocates some
  /// rows a thread. Throws Error{kShapeMismatch} where images or `to` are of another size; indices
  /// are not checked.
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

/// Pictures to look at: uint8 [R·(1 + versions), C, H, W] with, for each image index, the image
/// itself and what the epochs from `first_epoch` on make of it.
Tensor preview_augmentation(const Augmenter& augmenter, const Tensor& images,
                            std::span<const std::int32_t> image_indices, std::int64_t first_epoch,
                            std::int64_t versions);

}  // namespace digitry
