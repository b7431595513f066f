#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "digitry/image/image_form.h"

namespace digitry {

/// One image in the form of MNIST's: ink 255 on 0, row by row.
using MnistImage = std::array<std::uint8_t, static_cast<std::size_t>(kMnistSide* kMnistSide)>;

/// Brings a digit of any size to 28×28 by the steps by which MNIST's images were made.
///
/// `ink` is [height, width], row by row: finite, at least 0, 0 for paper, of any scale. Rows and
/// columns without ink around it are removed. The rest is padded to a square of side
/// max(height, width, 10), averaged over areas to 20×20, scaled so that the darkest pixel is 255,
/// rounded, and moved by whole pixels so that its centre of mass lies in (14, 15].
/// Returns zeros if there is no ink.
/// Source: Yadav and Bottou, "Cold case: the lost MNIST digits", NeurIPS 2019, sec. 2, a
/// reconstruction of how LeCun's digits were made.
MnistImage to_mnist_form(std::span<const float> ink, std::int64_t height, std::int64_t width);

/// Strength at which ink that is not of the digit is drawn around it.
inline constexpr double kSurroundingsStrength = 0.35;

/// The same, and in the same frame the ink around it, `surroundings` [height, width] of the same
/// scale, at `kSurroundingsStrength` of its darkness: max(digit, 0.35 · surroundings). So a network
/// can see whether strokes continue beyond the piece that it has to classify.
MnistImage to_mnist_form(std::span<const float> ink, std::span<const float> surroundings,
                         std::int64_t height, std::int64_t width);

}  // namespace digitry
