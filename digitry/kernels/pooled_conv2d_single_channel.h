#pragma once

#include <cstdint>
#include <vector>

#include "digitry/kernels/pooled_conv2d.h"

namespace digitry::kernels {

/// A pooled convolution of images of a single channel, P = 2, both ways: vectors run over output
/// channels. The first layer of a network: nobody wants its gradient by x.
/// Windows that see nothing but zeros, half of them in an image of a digit, cost next to nothing.
///
/// x is float32 [N, H, W], weights float32 [OC/16, K, K, 16], biases float32 [OC] or null.
template <typename T>
class SingleChannelPooledConv2d {
 public:
  /// Windows of 3 × 3 and 5 × 5, whole blocks of output channels.
  static bool supports(const PooledConv2dShape& shape);

  /// Takes all the memory that running needs, for as many threads as there are now.
  explicit SingleChannelPooledConv2d(const PooledConv2dShape& shape);

  /// y = maxpool(relu(weight ∗ x + bias)); `positions` as max_pool_blocked gives them.
  void forward(const float* x, const float* weight, const float* bias, T* y,
               std::uint8_t* positions);
  /// As PooledConv2dBackward, without grad_x. `grad_bias` may be null.
  void backward(const float* x, const T* y, const std::uint8_t* positions, const T* grad_y,
                float* grad_weight, float* grad_bias);

 private:
  // Calls body(part, padded plane, first of the image's blocks in y) for each image.
  template <typename Body>
  void for_each_image(const float* x, const Body& body);

  PooledConv2dShape shape_;
  // One a thread: a padded plane, and what loads of whole registers read behind it.
  std::vector<std::vector<float>> padded_;
  std::vector<std::vector<std::uint64_t>> nonzeros_;  // Of the plane's rows, a bit a pixel.
  std::vector<PartialGradients> partial_;
};

}  // namespace digitry::kernels
