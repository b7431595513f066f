#include <algorithm>

#include "digitry/data/corruptors.h"
#include "digitry/data/plasma_fractal.h"

namespace digitry::corruptors {

Corruptor brightness(ImageSize size) {
  return [area = size.height * size.width](const std::uint8_t* from, RandomStream&, float* to) {
    for (std::int64_t i = 0; i < area; ++i) to[i] = std::min(ink_of(from[i]) + 0.5F, 1.0F);
  };
}

// Inverts the outer quarters.
Corruptor stripe(ImageSize size) {
  return [size](const std::uint8_t* from, RandomStream&, float* to) {
    for (std::int64_t i = 0; i < size.height * size.width; ++i) {
      const std::int64_t x = i % size.width;
      const bool outside = 4 * x < size.width || 4 * x >= 3 * size.width;
      to[i] = outside ? 1 - ink_of(from[i]) : ink_of(from[i]);
    }
  };
}

// Adds a landscape three times as bright as the ink, and scales the sum to the ink's range. The
// landscape's corner of 28×28 points is stretched over the image.
Corruptor fog(ImageSize size) {
  constexpr float kThickness = 3;
  constexpr std::int64_t kPoints = 28;
  return [size, landscape = PlasmaFractal(kPoints + 1, 1.4)](
             const std::uint8_t* from, RandomStream& random, float* to) mutable {
    landscape.draw(random);
    const std::int64_t area = size.height * size.width;
    const float brightest = ink_of(*std::max_element(from, from + area));
    const float range = brightest / (brightest + kThickness);
    for (std::int64_t y = 0; y < size.height; ++y)
      for (std::int64_t x = 0; x < size.width; ++x) {
        const float v = static_cast<float>(y * kPoints) / static_cast<float>(size.height);
        const float u = static_cast<float>(x * kPoints) / static_cast<float>(size.width);
        const auto row = static_cast<std::int64_t>(v), column = static_cast<std::int64_t>(u);
        const float down = v - static_cast<float>(row), right = u - static_cast<float>(column);
        const auto along_x = [&](std::int64_t r) {
          return landscape.height(r, column) * (1 - right) +
                 landscape.height(r, column + 1) * right;
        };
        const float height = along_x(row) * (1 - down) + along_x(row + 1) * down;
        const std::int64_t i = y * size.width + x;
        to[i] = (ink_of(from[i]) + kThickness * height) * range;
      }
  };
}

}  // namespace digitry::corruptors
