#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "digitry/tensor/tensor.h"

// Images without digits, brought to 28×28 as digits are. Each seed gives other images.

namespace digitry::bench {

struct ImageSet {
  std::string name;
  Tensor images;  ///< uint8 [N,1,28,28]
};

/// Letters of OpenCV's Hershey fonts, upright and italic, with pens of several widths, rotated and
/// sheared a little, without those that a person reads as digits when they stand alone: O o D Q
/// (0), I i l (1), Z z (2), S s (5), b G (6), B (8), g q (9).
Tensor letter_images(std::uint64_t seed);

/// The letters that `letter_images` leaves out.
Tensor ambiguous_letter_images(std::uint64_t seed);

/// Independent random pixels, not brought to the form of digits.
Tensor uniform_noise(std::int64_t count, std::uint64_t seed);

/// Blobs (blurred noise above a level), stripes and checks.
Tensor structured_noise(std::int64_t count, std::uint64_t seed);

/// Random walks of a pen.
Tensor scribbles(std::int64_t count, std::uint64_t seed);

/// The images as if cut out of a page.
Tensor in_mnist_form(const Tensor& images);

}  // namespace digitry::bench
