#pragma once

#include <cstdint>
#include <span>

#include "digitry/kernels/elementwise.h"
#include "digitry/kernels/optimizer_updates.h"

/// The plainest form of each kernel: one thread, sums in double precision, no library, one formula
/// per line. Every fast kernel is tested against these.
namespace digitry::kernels::reference {

/// Extents of a dense layer: x [N, IC], weight [OC, IC], bias [OC], y [N, OC].
struct DenseShape {
  std::int64_t batch_size = 1;
  std::int64_t in_features = 1;
  std::int64_t out_features = 1;
};

/// y[n,oc] = bias[oc] + Σ_ic weight[oc,ic] · x[n,ic]
void dense_forward(const DenseShape& shape, std::span<const float> x, std::span<const float> weight,
                   std::span<const float> bias, std::span<float> y);

/// grad_x[n,ic] = Σ_oc weight[oc,ic] · grad_y[n,oc]
void dense_backward_data(const DenseShape& shape, std::span<const float> weight,
                         std::span<const float> grad_y, std::span<float> grad_x);

/// grad_weight[oc,ic] = Σ_n grad_y[n,oc] · x[n,ic];  grad_bias[oc] = Σ_n grad_y[n,oc]
void dense_backward_weights(const DenseShape& shape, std::span<const float> x,
                            std::span<const float> grad_y, std::span<float> grad_weight,
                            std::span<float> grad_bias);

void relu_forward(std::span<float> values);
void relu_backward(std::span<const float> output, std::span<float> grad);

void dropout_forward(std::span<float> values, std::span<std::uint8_t> keep, float rate,
                     const DropoutStream& stream);
void dropout_backward(std::span<const std::uint8_t> keep, std::span<float> grad, float rate);

/// values[n,c,p] *= factors[n,c], in the layout of kernels::ChannelLayout; padding becomes 0.
void scale_channels(const ChannelLayout& layout, std::span<float> values,
                    std::span<const float> factors);
void scale_pixels(std::span<const std::uint8_t> from, std::span<float> to, float scale,
                  float offset);

double squared_distance(std::span<const float> a, std::span<const float> b);
double dot(std::span<const float> a, std::span<const float> b);
void normalize(std::span<float> vector);

std::int64_t softmax_cross_entropy(std::span<const float> logits,
                                   std::span<const std::int32_t> labels, std::int64_t num_classes,
                                   float grad_scale, std::span<float> losses, std::span<float> grad,
                                   float label_smoothing = 0);

void adam_update(const AdamStep& step, std::span<const float> gradients, std::span<float> first,
                 std::span<float> second, std::span<float> values);
void sgd_update(const SgdStep& step, std::span<const float> gradients, std::span<float> velocity,
                std::span<float> values);
void lion_update(const LionStep& step, std::span<const float> gradients, std::span<float> momentum,
                 std::span<float> values);
void average_update(double decay, std::span<const float> values, std::span<float> average);
double sum_of_squares(std::span<const float> values);

}  // namespace digitry::kernels::reference
