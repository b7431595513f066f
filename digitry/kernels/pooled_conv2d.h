#pragma once

#include <cstdint>
#include <vector>

#include "digitry/kernels/lanes.h"

/// A convolution of stride 1, followed by ReLU and by max pooling with P × P windows that do not
/// overlap. The gradient passes through one position of P², and through none if that maximum is 0.
/// The backward pass visits only these positions, which takes a fraction of the multiply-adds of a
/// convolution.
/// In plain loops: tests/reference/conv2d.h, tests/reference/pool2d.h.
namespace digitry::kernels {

/// Shapes: x [N, IC/16, H, W, 16] in blocks of channels, or [N, H, W] for a single channel;
/// y [N, OC/16, OH, OW, 16] with OH = ⌊(H + 2·padding − K + 1) / P⌋, OW likewise.
struct PooledConv2dShape {
  std::int64_t batch_size = 1;
  std::int64_t in_channels = kBlock;
  std::int64_t out_channels = kBlock;
  std::int64_t height = 1;
  std::int64_t width = 1;
  std::int64_t kernel_size = 3;
  std::int64_t padding = 0;
  std::int64_t pool_size = 2;

  std::int64_t padded_height() const { return height + 2 * padding; }
  std::int64_t padded_width() const { return width + 2 * padding; }
  std::int64_t conv_height() const { return padded_height() - kernel_size + 1; }
  std::int64_t conv_width() const { return padded_width() - kernel_size + 1; }
  std::int64_t out_height() const { return conv_height() / pool_size; }
  std::int64_t out_width() const { return conv_width() / pool_size; }
  std::int64_t out_size() const { return batch_size * out_channels * out_height() * out_width(); }
};

/// Computes the maximum of each window and its position in the window: positions[i] = row · P +
/// column of the first element that has this value. `conv` is [N, OC/16, CH, CW, 16].
/// In plain loops: tests/reference/pool2d.h.
template <typename T>
void max_pool_blocked(const PooledConv2dShape& shape, const T* conv, T* y, std::uint8_t* positions);

/// The gradients that one thread sums up over its share of the images.
class PartialGradients {
 public:
  explicit PartialGradients(const PooledConv2dShape& shape);
  void reset();
  float* weight() { return weight_.data()->values; }
  float* bias() { return bias_.data()->values; }
  /// Writes the sum of all parts. `grad_bias` may be null.
  static void sum_up(const std::vector<PartialGradients>& parts, float* grad_weight,
                     float* grad_bias);

 private:
  std::vector<AlignedBlock> weight_;
  std::vector<AlignedBlock> bias_;
};

/// The backward pass of y = maxpool(relu(weight ∗ x + bias)) for inputs in blocks of channels:
///
/// grad_weight[oc,ic,kh,kw] = Σ grad_y[n,oc,oh,ow] · x[n, ic, h + kh − padding, w + kw − padding]
///
/// summed over all n, oh, ow with y > 0, where (h, w) is the position of that maximum. grad_x is
/// the corresponding sum of grad_y · weight over oc; grad_bias[oc] = Σ grad_y[n,oc,oh,ow] over the
/// same n, oh, ow. Weights are float32 [OC, IC/16, K, K, 16]; sums are float32.
/// In plain loops: tests/reference/conv2d.h, tests/reference/pool2d.h.
template <typename T>
class PooledConv2dBackward {
 public:
  struct Arguments {
    const T* x;
    const float* weight;
    const T* y;
    const std::uint8_t* positions;
    const T* grad_y;
    float* grad_weight;
    float* grad_bias;  ///< May be null.
    T* grad_x;
  };

  /// Whether the shape is supported: kernels of 3 × 3 and 5 × 5, channels in whole blocks.
  static bool supports(const PooledConv2dShape& shape);

  /// Allocates all memory of a run, for the current number of threads. Expects a supported shape.
  explicit PooledConv2dBackward(const PooledConv2dShape& shape);
  void operator()(const Arguments& arguments);

 private:
  // A maximum that passes its gradient. `offset` is the start of the input window of the
  // convolution in a padded plane, in floats.
  struct Contribution {
    std::uint32_t offset;
    float gradient;
  };
  struct Scratch {
    std::vector<std::uint32_t> offsets;       // For a tile of 16 output channels.
    std::vector<float> gradients;             // Likewise; 0 if no gradient passes.
    std::vector<Contribution> contributions;  // Of one image, by tile and output channel.
    std::vector<std::uint32_t> begins;        // [tiles · OC + 1]
    std::vector<AlignedBlock> x, grad_x;      // A padded plane of 16 channels.
  };
  void list_contributions(const Arguments& arguments, std::int64_t image, Scratch& scratch,
                          float* grad_bias) const;
  void run_image(const Arguments& arguments, std::int64_t image, Scratch& scratch,
                 float* grad_weight) const;

  PooledConv2dShape shape_;
  std::int64_t tile_rows_;  // Rows of y whose parts of the planes fit into the first-level cache.
  std::int64_t num_tiles_;
  std::vector<Scratch> scratch_;           // One per thread.
  std::vector<PartialGradients> partial_;  // Likewise.
};

/// The forward and backward pass of a pooled convolution of images with a single channel and P = 2,
/// vectorised over output channels. It is the first layer of a network, so that it does not compute
/// the gradient with respect to x. Windows that contain only zeros (half of them in an image of a
/// digit) take almost no time.
///
/// Shapes: x float32 [N, H, W], weight float32 [OC/16, K, K, 16], bias float32 [OC] or null.
/// In plain loops: tests/reference/conv2d.h, tests/reference/pool2d.h.
template <typename T>
class SingleChannelPooledConv2d {
 public:
  /// Whether the shape is supported: kernels of 3 × 3 and 5 × 5, output channels in whole blocks.
  static bool supports(const PooledConv2dShape& shape);

  /// Allocates all memory of a run, for the current number of threads. Expects a supported shape.
  explicit SingleChannelPooledConv2d(const PooledConv2dShape& shape);

  /// y = maxpool(relu(weight ∗ x + bias)); `positions` as in `max_pool_blocked`.
  void forward(const float* x, const float* weight, const float* bias, T* y,
               std::uint8_t* positions);
  /// As `PooledConv2dBackward`, without grad_x. `grad_bias` may be null.
  void backward(const float* x, const T* y, const std::uint8_t* positions, const T* grad_y,
                float* grad_weight, float* grad_bias);

 private:
  // Calls body(part, padded plane, image) for each image.
  template <typename Body>
  void for_each_image(const float* x, const Body& body);

  PooledConv2dShape shape_;
  // One per thread: a padded plane, and room for loads of whole registers at its end.
  std::vector<std::vector<float>> padded_;
  std::vector<std::vector<std::uint64_t>> nonzeros_;  // One word per row, one bit per pixel.
  std::vector<PartialGradients> partial_;
};

}  // namespace digitry::kernels
