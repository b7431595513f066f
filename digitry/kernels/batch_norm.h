#pragma once

#include <span>

#include "digitry/kernels/elementwise.h"

// What batch normalisation over the images of several processes computes besides oneDNN's kernels.

namespace digitry::kernels {

/// sums[c] = Σ x and squares[c] = Σ x², over the images and positions of channel c. The sums are
/// double: with mean m and standard deviation s, squares/M − (sums/M)² then has a relative error of
/// about 2^-53 · M · (m/s)² at most.
/// In plain loops: tests/kernels/batch_norm_test.cpp.
void sum_moments(const ChannelLayout& layout, std::span<const float> x, std::span<double> sums,
                 std::span<double> squares);
void sum_moments(const ChannelLayout& layout, std::span<const BFloat16> x, std::span<double> sums,
                 std::span<double> squares);

/// One line per channel c: offset[c] + slope[c] · (x − mean[c]).
struct ChannelLines {
  std::span<const float> mean, offset, slope;
};

/// values[i] ← values[i] − line of x[i], in place. The padding of the last block stays as it is.
/// In plain loops: tests/kernels/batch_norm_test.cpp.
void subtract_lines(const ChannelLayout& layout, const ChannelLines& lines,
                    std::span<const float> x, std::span<float> values);
void subtract_lines(const ChannelLayout& layout, const ChannelLines& lines,
                    std::span<const BFloat16> x, std::span<BFloat16> values);

}  // namespace digitry::kernels
