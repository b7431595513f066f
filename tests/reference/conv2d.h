#pragma once

#include <cstdint>
#include <span>

namespace digitry::kernels::reference {

/// Extents of a convolution: x [N,IC,IH,IW], weight [OC,IC/G,K,K], bias [OC], y [N,OC,OH,OW].
struct Conv2dShape {
  std::int64_t batch_size = 1;
  std::int64_t in_channels = 1;
  std::int64_t out_channels = 1;
  std::int64_t height = 1;
  std::int64_t width = 1;
  std::int64_t kernel_size = 1;
  std::int64_t stride = 1;
  std::int64_t padding = 0;
  std::int64_t groups = 1;

  std::int64_t out_height() const { return (height + 2 * padding - kernel_size) / stride + 1; }
  std::int64_t out_width() const { return (width + 2 * padding - kernel_size) / stride + 1; }
};

/// y[n,oc,oh,ow] = bias[oc] + Σ_{ic,kh,kw} weight[oc,ic,kh,kw] · x[n,ic,oh·S+kh−P, ow·S+kw−P],
/// with ic over the IC/G channels of oc's group. `bias` may be empty.
void conv2d_forward(const Conv2dShape& shape, std::span<const float> x,
                    std::span<const float> weight, std::span<const float> bias, std::span<float> y);

/// grad_x[n,ic,ih,iw] = Σ weight[oc,ic,kh,kw] · grad_y[n,oc,oh,ow] over all outputs that depend on
/// this input.
void conv2d_backward_data(const Conv2dShape& shape, std::span<const float> weight,
                          std::span<const float> grad_y, std::span<float> grad_x);

/// grad_weight[oc,ic,kh,kw] = Σ_{n,oh,ow} grad_y[n,oc,oh,ow] · x[n,ic,oh·S+kh−P, ow·S+kw−P];
/// grad_bias[oc] = Σ_{n,oh,ow} grad_y[n,oc,oh,ow], skipped if `grad_bias` is empty.
void conv2d_backward_weights(const Conv2dShape& shape, std::span<const float> x,
                             std::span<const float> grad_y, std::span<float> grad_weight,
                             std::span<float> grad_bias);

}  // namespace digitry::kernels::reference
