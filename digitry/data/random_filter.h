#pragma once

#include <cstdint>
#include <vector>

#include "digitry/base/random.h"
#include "digitry/data/image_size.h"

namespace digitry {

/// Convolution with a window of random weights, which keeps shapes and loses tone and texture: the
/// window is 3, 5, ... or `largest` pixels a side, its weights are normal of variance 1 / side²;
/// the image is blended with the result in random parts, and the blend stretched to 0 to 1. Source:
/// Xu, Liu, Yang, Raffel, Niethammer, "Robust and generalizable visual representation learning via
/// random convolutions", ICLR 2021; the stretching is ours. Has memory of its own, and so serves
/// one thread.
class RandomFilter {
 public:
  /// Wants sides ≥ 1 and largest ≥ 3.
  RandomFilter(ImageSize size, std::int64_t largest);

  /// Filters one channel in place; zeros lie outside it.
  void apply(RandomStream& random, float* plane);

 private:
  void convolve(RandomStream& random, std::int64_t side, const float* plane);

  ImageSize size_;
  std::int64_t largest_;
  std::vector<float> padded_, result_;
};

}  // namespace digitry
