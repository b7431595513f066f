#pragma once

#include <cstdint>
#include <span>

namespace digitry::kernels::reference {

/// Extents of a batch normalisation: x and y are [N, C, positions], everything else is [C].
struct BatchNormShape {
  std::int64_t batch_size = 1;
  std::int64_t channels = 1;
  std::int64_t positions = 1;
};

/// The mean and the variance of each channel over images and positions. The variance divides by the
/// number of values.
void batch_norm_statistics(const BatchNormShape& shape, std::span<const float> x,
                           std::span<float> mean, std::span<float> variance);

/// y = weight[c] · (x − mean[c]) / √(variance[c] + ε) + bias[c]
void batch_norm_forward(const BatchNormShape& shape, double epsilon, std::span<const float> x,
                        std::span<const float> mean, std::span<const float> variance,
                        std::span<const float> weight, std::span<const float> bias,
                        std::span<float> y);

/// For mean and variance of x itself, over M = N·positions values, with
/// x̂ = (x − mean) / √(variance + ε):
///   grad_bias = Σ grad_y;  grad_weight = Σ grad_y · x̂
///   grad_x = weight / √(variance + ε) · (grad_y − grad_bias / M − x̂ · grad_weight / M)
void batch_norm_backward(const BatchNormShape& shape, double epsilon, std::span<const float> x,
                         std::span<const float> weight, std::span<const float> grad_y,
                         std::span<float> grad_x, std::span<float> grad_weight,
                         std::span<float> grad_bias);

/// running ← (1 − momentum) · running + momentum · batch, with the variance of M > 1 values
/// multiplied by M / (M − 1).
void batch_norm_move_statistics(const BatchNormShape& shape, double momentum,
                                std::span<const float> mean, std::span<const float> variance,
                                std::span<float> running_mean, std::span<float> running_variance);

}  // namespace digitry::kernels::reference
