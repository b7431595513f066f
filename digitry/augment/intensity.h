#pragma once

#include <cstdint>
#include <vector>

#include "digitry/augment/augment.h"
#include "digitry/augment/deformation.h"
#include "digitry/base/random.h"
#include "digitry/image/blur.h"
#include "digitry/image/image.h"

namespace digitry {

/// Convolution with a window of random weights, which keeps shapes and loses tone and texture: the
/// window is 3, 5, ... or `largest` pixels a side, its weights are normal of variance 1 / side²;
/// the image is blended with the result in random parts, and the blend stretched to 0 to 1. Source:
/// Xu, Liu, Yang, Raffel, Niethammer, "Robust and generalizable visual representation learning via
/// random convolutions", ICLR 2021; the stretching is ours. Has memory of its own, and so serves
/// one thread.
class RandomFilter {
 public:
  /// Expects sides ≥ 1 and largest ≥ 3.
  RandomFilter(ImageSize size, std::int64_t largest);

  /// Filters one channel in place; zeros lie outside it.
  void apply(RandomStream& random, float* plane);

 private:
  void convolve(RandomStream& random, std::int64_t side, const float* plane);

  ImageSize size_;
  std::int64_t largest_;
  std::vector<float> padded_, result_;
};

/// What augmentation does to an image when its ink has been moved: clutter, a random filter, blur,
/// light, inversion and noise, in this order; `AugmentOptions` says how strongly. Blur, light and
/// noise are each left out, by the toss of a coin, for every other image.
///
/// Each effect has random numbers of its own: turning one on leaves the others as they are. Has
/// memory of its own, and so serves one thread.
class IntensityAugmenter {
 public:
  /// The image whose tones are changed: with the seed all that random numbers depend on.
  struct Image {
    std::uint64_t seed = 0;
    std::int64_t epoch = 0;
    std::int32_t index = 0;

    RandomStream stream(RandomPurpose purpose) const {
      return {seed, purpose, static_cast<std::uint32_t>(index), static_cast<std::uint32_t>(epoch)};
    }
  };

  /// Expects options in their ranges and sides ≥ 1.
  IntensityAugmenter(const AugmentOptions& options, ImageSize size);

  /// Whether `change` changes anything.
  bool any() const { return any_; }

  /// Changes one channel of `image`, ink 1 on paper 0; all values are in [0, 1] afterwards.
  void change(const Image& image, float* plane);

  /// The ink that fills an erased rectangle.
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
  std::vector<GaussianBlur> blurs_;  // From the weakest to the strongest.
  ElasticGrid light_grid_;
  std::vector<float> knots_, expanded_, light_row_;
};

}  // namespace digitry
