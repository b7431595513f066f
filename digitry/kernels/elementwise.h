#pragma once

#include <cstdint>
#include <span>

#include "digitry/base/random.h"
#include "digitry/kernels/lanes.h"

/// Kernels that treat each element independently, for float32 and bfloat16. Values in bfloat16 are
/// widened to float32 for the computation and rounded once. (ReLU only tests the bits: a negative
/// NaN becomes 0.)
/// In plain loops: tests/reference/reference.h.
namespace digitry::kernels {

/// grad[i] = output[i] > 0 ? grad[i] : 0, in place. `output` is the output of the ReLU, or of a
/// dropout after it: both are zero exactly where no gradient passes.
/// In plain loops: tests/reference/reference.h.
void relu_backward(std::span<const float> output, std::span<float> grad);
void relu_backward(std::span<const BFloat16> output, std::span<BFloat16> grad);

/// values[i] = max(values[i], 0), in place.
/// In plain loops: tests/reference/reference.h.
void relu_forward(std::span<float> values);
void relu_forward(std::span<BFloat16> values);

/// Selects the random numbers of a dropout layer in one step.
struct DropoutStream {
  std::uint64_t seed = 0;
  std::uint32_t step = 0;
  std::uint32_t layer = 0;
  /// Position of the first value in the stream: not 0 if these values are a part of the layer's.
  std::int64_t first = 0;
};

/// Inverted dropout, in place: with probability `rate` a value becomes zero (and keep[i] = 0), else
/// it is multiplied by 1 / (1 − rate) (and keep[i] = 1). The rate is rounded to a multiple of
/// 2^-16. The decision for element i depends only on the stream and `stream.first` + i, not on the
/// number of threads.
/// Source: Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting",
/// JMLR 15, 2014.
/// In plain loops: tests/reference/reference.h.
void dropout_forward(std::span<float> values, std::span<std::uint8_t> keep, float rate,
                     const DropoutStream& stream);
void dropout_forward(std::span<BFloat16> values, std::span<std::uint8_t> keep, float rate,
                     const DropoutStream& stream);

/// grad[i] ← grad[i] · keep[i] / (1 − rate), in place.
/// In plain loops: tests/reference/reference.h.
void dropout_backward(std::span<const std::uint8_t> keep, std::span<float> grad, float rate);
void dropout_backward(std::span<const std::uint8_t> keep, std::span<BFloat16> grad, float rate);

/// The memory layout of images: [N, ⌈C/block⌉, positions, block]. Row-major images have blocks of
/// 1, channels-last images have blocks of C.
struct ChannelLayout {
  std::int64_t batch_size = 1;
  std::int64_t channels = 1;
  std::int64_t positions = 1;  ///< Height · width.
  std::int64_t block = 1;
};

/// Multiplies each value by the factor of its image and channel, in place. `factors` is [N, C]. The
/// padding of the last block becomes 0.
/// In plain loops: tests/reference/reference.h.
void scale_channels(const ChannelLayout& layout, std::span<float> values,
                    std::span<const float> factors);
void scale_channels(const ChannelLayout& layout, std::span<BFloat16> values,
                    std::span<const float> factors);

/// to[i] = from[i] · scale + offset: converts pixels to the input of a network. Pixels as bytes and
/// as floats give the same bits.
/// In plain loops: tests/reference/reference.h.
void scale_pixels(std::span<const std::uint8_t> from, std::span<float> to, float scale,
                  float offset);
void scale_pixels(std::span<const float> from, std::span<float> to, float scale, float offset);

}  // namespace digitry::kernels
