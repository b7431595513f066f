#pragma once

#include <cstdint>
#include <vector>

#include "digitry/augment/augment.h"
#include "digitry/augment/deformation.h"
#include "digitry/base/random.h"
#include "digitry/image/blur.h"
#include "digitry/image/image.h"

namespace digitry {

/// Convolution with a window of random weights, which keeps shapes but changes intensity and
/// texture. The window has 3, 5, ... or `largest` pixels per side; its weights are normal with
/// variance 1 / side². The image is blended with the result in random proportion, and the blend is
/// stretched to [0, 1].
/// Source: Xu, Liu, Yang, Raffel, Niethammer, "Robust and generalizable visual representation
/// learning via random convolutions", ICLR 2021; the stretching is an addition. Holds scratch
/// memory: use one object per thread.
class RandomFilter {
 public:
  /// Expects sides of at least 1 and `largest` of at least 3.
  RandomFilter(ImageSize size, std::int64_t largest);

  /// Filters one channel in place. Values outside the image are zero.
  void apply(RandomStream& random, float* plane);

 private:
  void convolve(RandomStream& random, std::int64_t side, const float* plane);

  ImageSize size_;
  std::int64_t largest_;
  std::vector<float> padded_, result_;
};

/// Changes the intensities of an image after its geometry: clutter, random filter, blur, light,
/// inversion and noise, in this order, with the strengths of `AugmentOptions`. Blur, light and
/// noise each apply to a random half of the images.
///
/// Each effect has its own random numbers: turning one on does not change the others. Holds scratch
/// memory: use one object per thread.
class IntensityAugmenter {
 public:
  /// Identifies an image and an epoch: everything on which its random numbers depend.
  struct Image {
    std::uint64_t seed = 0;
    std::int64_t epoch = 0;
    std::int32_t index = 0;

    RandomStream stream(RandomPurpose purpose) const {
      return {seed, purpose, static_cast<std::uint32_t>(index), static_cast<std::uint32_t>(epoch)};
    }
  };

  /// Expects options in their ranges and sides of at least 1.
  IntensityAugmenter(const AugmentOptions& options, ImageSize size);

  /// Whether any effect is on.
  bool any() const { return any_; }

  /// Changes one channel of `image` in place, with ink 1 on paper 0. Clamps the result to [0, 1].
  void change(const Image& image, float* plane);

  /// The ink that fills the erased rectangle of `image`.
  float erased_ink(const Image& image) const;

 private:
  void add_clutter(RandomStream random, float* plane);
  void filter(RandomStream random, float* plane);
  void blur(RandomStream random, float* plane);
  void light(RandomStream random, float* plane);
  void invert(RandomStream random, float* plane) const;
  void add_noise(RandomStream random, float* plane) const;
  std::int64_t area() const { return size_.height * size_.width; }

  AugmentOptions options_;
  ImageSize size_;
  bool any_;
  std::vector<float> before_;
  RandomFilter random_filter_;
  std::vector<GaussianBlur> blurs_;  // In order of strength.
  ElasticGrid light_grid_;
  std::vector<float> knots_, expanded_, light_row_;
};

}  // namespace digitry
