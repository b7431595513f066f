#pragma once

#include <cstdint>
#include <span>

#include "digitry/image/image.h"

// What the pixels of a small image of one thing mean, decided by the pixels themselves.

namespace digitry {

/// Whether the thing or its background is the lighter one.
enum class Polarity {
  kLightOnDark,  ///< As in MNIST.
  kDarkOnLight,  ///< Ink on paper.
  kUnclear,      ///< The outermost pixels are neither clearly dark nor clearly light.
  kBlank,        ///< Nothing stands out.
};

/// The polarity of a grey image, [height, width] row by row, with at least one pixel. The median of
/// the outermost pixels is taken as the background; it is clear if it lies in the lowest or the
/// highest third between the darkest and the lightest pixel. An image whose pixels differ by less
/// than 16 is blank.
Polarity find_polarity(std::span<const std::uint8_t> pixels, ImageSize size);

}  // namespace digitry
