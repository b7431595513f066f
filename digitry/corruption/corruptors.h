#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>

#include "digitry/base/random.h"
#include "digitry/image/limits.h"

// What each corruption does to one channel of one image. Numbers without another source are those
// with which MNIST-C was made.

namespace digitry::corruptors {

/// Reads a channel, writes it corrupted, 1 being full ink; what leaves 0 to 1 is cut off later. Has
/// memory of its own, and so serves one thread.
using Corruptor = std::function<void(const std::uint8_t* from, RandomStream& random, float* to)>;

/// How many pixels a pixel of 28×28 is here, for lengths that are the same along both axes.
inline double unit(ImageSize size) {
  return static_cast<double>(std::min(size.height, size.width)) / 28;
}

/// A pixel as ink, 1 being full.
inline float ink_of(std::uint8_t pixel) { return static_cast<float>(pixel) / 255; }
inline void copy_ink(const std::uint8_t* from, std::int64_t area, float* to) {
  std::transform(from, from + area, to, ink_of);
}

Corruptor shot_noise(ImageSize size);
Corruptor impulse_noise(ImageSize size);
Corruptor spatter(ImageSize size);
Corruptor glass_blur(ImageSize size);
Corruptor motion_blur(ImageSize size);
Corruptor shear(ImageSize size);
Corruptor scale(ImageSize size);
Corruptor rotate(ImageSize size);
Corruptor translate(ImageSize size);
Corruptor brightness(ImageSize size);
Corruptor stripe(ImageSize size);
Corruptor fog(ImageSize size);
Corruptor dotted_line(ImageSize size);
Corruptor zigzag(ImageSize size);
Corruptor canny_edges(ImageSize size);

}  // namespace digitry::corruptors
