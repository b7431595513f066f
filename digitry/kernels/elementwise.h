#pragma once

#include <cstdint>
#include <span>

#include "digitry/base/random.h"
#include "digitry/kernels/vector16.h"

/// Each function on values is there for float32 and for bfloat16, which is widened to float32 to
/// compute and rounded once (ReLU, which computes nothing, looks at the bits: a NaN with a sign is
/// 0).
namespace digitry::kernels {

/// grad[i] = output[i] > 0 ? grad[i] : 0, in place. `output` is what ReLU gave (or dropout after
/// it: both are zero exactly where no gradient passes).
void relu_backward(std::span<const float> output, std::span<float> grad);
void relu_backward(std::span<const BFloat16> output, std::span<BFloat16> grad);

/// values[i] = max(values[i], 0), in place.
void relu_forward(std::span<float> values);
void relu_forward(std::span<BFloat16> values);

/// Which random numbers a dropout layer uses in one step.
struct DropoutStream {
  std::uint64_t seed = 0;
  std::uint32_t step = 0;
  std::uint32_t layer = 0;
};

/// Inverted dropout, in place: each value is set to zero with probability `rate` and multiplied by
/// 1 / (1 - rate) otherwise. `keep[i]` says which (1 or 0). The rate is rounded to a multiple of
/// 2^-16. Element i depends on the stream and i alone, not on the number of threads.
/// Source: Srivastava et al., "Dropout", JMLR 15, 2014.
void dropout_forward(std::span<float> values, std::span<std::uint8_t> keep, float rate,
                     const DropoutStream& stream);
void dropout_forward(std::span<BFloat16> values, std::span<std::uint8_t> keep, float rate,
                     const DropoutStream& stream);

/// grad[i] *= keep[i] / (1 - rate), in place.
void dropout_backward(std::span<const std::uint8_t> keep, std::span<float> grad, float rate);
void dropout_backward(std::span<const std::uint8_t> keep, std::span<BFloat16> grad, float rate);

/// How the channels of images lie in memory: [N, ⌈C/block⌉, positions, block]. Row-major images
/// have blocks of 1, channels-last ones blocks of C.
struct ChannelLayout {
  std::int64_t batch_size = 1;
  std::int64_t channels = 1;
  std::int64_t positions = 1;  ///< Height · width.
  std::int64_t block = 1;
};

/// Each value times its image's and channel's factor, in place. `factors` is [N, C]; what fills up
/// the last block becomes 0.
void scale_channels(const ChannelLayout& layout, std::span<float> values,
                    std::span<const float> factors);
void scale_channels(const ChannelLayout& layout, std::span<BFloat16> values,
                    std::span<const float> factors);

/// to[i] = from[i] * scale + offset: pixels to network input. The same pixels give the same bits
/// as bytes and as floats.
void scale_pixels(std::span<const std::uint8_t> from, std::span<float> to, float scale,
                  float offset);
void scale_pixels(std::span<const float> from, std::span<float> to, float scale, float offset);

}  // namespace digitry::kernels
