#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace digitry {

/// Side of MNIST's images, and of the box that a digit fills in them.
inline constexpr std::int64_t kMnistSide = 28;
inline constexpr std::int64_t kMnistBoxSide = 20;

/// One image as MNIST has them: ink 255 on 0, row by row.
using MnistImage = std::array<std::uint8_t, static_cast<std::size_t>(kMnistSide* kMnistSide)>;

/// Brings a digit of any size to 28×28 as MNIST's were made. `ink` is [height, width], 0 for paper,
/// of any scale; rows and columns without ink are cut off, the rest is widened to a square of side
/// max(height, width, 10), averaged over areas to 20×20, scaled so that the darkest pixel is 255,
/// rounded, and moved by whole pixels so that its centre of mass comes to lie in (14, 15].
/// All zeros where there is no ink. Expects ink ≥ 0, finite, height · width of it.
/// Source: Yadav and Bottou, "Cold case: the lost MNIST digits", NeurIPS 2019, sec. 2, which found
/// again how LeCun's digits had been made.
MnistImage to_mnist_form(std::span<const float> ink, std::int64_t height, std::int64_t width);

}  // namespace digitry
