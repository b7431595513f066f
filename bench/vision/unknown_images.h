#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "digitry/tensor/tensor.h"

// Images that show no digit, brought to 28×28 as digits are: for each seed others.

namespace digitry::bench {

struct ImageSet {
  std::string name;
  Tensor images;  ///< uint8 [N,1,28,28]
};

/// Letters of OpenCV's Hershey fonts, upright and italic, with pens of several widths, turned and
/// leaning a little. Left out are those that a person reads as digits when they stand alone: O o D
/// Q (0), I i l (1), Z z (2), S s (5), b G (6), B (8), g q (9).
Tensor letter_images(std::uint64_t seed);

/// The letters that `letter_images` leaves out.
Tensor ambiguous_letter_images(std::uint64_t seed);

/// Every pixel at random, as it is.
Tensor uniform_noise(std::int64_t count, std::uint64_t seed);

/// Blobs (blurred noise above a level), stripes and checks, brought to the form of digits.
Tensor structured_noise(std::int64_t count, std::uint64_t seed);

/// Pens that wander about, brought to the form of digits.
Tensor scribbles(std::int64_t count, std::uint64_t seed);

/// The images as if cut out of a page: their ink brought to the form of digits.
Tensor in_mnist_form(const Tensor& images);

}  // namespace digitry::bench
