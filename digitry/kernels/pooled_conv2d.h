#pragma once

#include <cstdint>
#include <vector>

#include "digitry/kernels/vector16.h"

/// A convolution of stride 1 whose ReLU'd output is pooled at once: the largest of each window of
/// P × P, which do not overlap. The gradient then passes through one position in P², and through
/// none where that maximum is 0: the backward pass goes through these few alone, which takes a
/// fraction of the multiply-adds of the convolution's own.
namespace digitry::kernels {

/// Images are in blocks of channels, x [N, IC/16, H, W, 16], but for a single channel (planes, as
/// in row-major order); y [N, OC/16, OH, OW, 16], OH = ⌊(H + 2·padding − K + 1) / P⌋, OW likewise.
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

/// Each window's maximum, and where it is: positions[i] = row · P + column of the first element
/// that has it. `conv` is [N, OC/16, CH, CW, 16].
template <typename T>
void max_pool_blocked(const PooledConv2dShape& shape, const T* conv, T* y, std::uint8_t* positions);

/// What one thread adds up over its share of the images.
class PartialGradients {
 public:
  explicit PartialGradients(const PooledConv2dShape& shape);
  void reset();
  float* weight() { return weight_.data()->values; }
  float* bias() { return bias_.data()->values; }
  /// The sum of all parts. `grad_bias` may be null.
  static void sum_up(const std::vector<PartialGradients>& parts, float* grad_weight,
                     float* grad_bias);

 private:
  std::vector<AlignedBlock> weight_;
  std::vector<AlignedBlock> bias_;
};

/// The backward pass from y = maxpool(relu(weight ∗ x + bias)) to blocks of input channels:
///
/// grad_weight[oc,ic,kh,kw] = Σ grad_y[n,oc,oh,ow] · x[n, ic, h + kh − padding, w + kw − padding]
///
/// over the n, oh, ow where y > 0, with (h, w) the place of that maximum; grad_x likewise, with
/// weights, over oc; grad_bias[oc] = Σ grad_y[n,oc,oh,ow] over the same. Weights are float32
/// [OC, IC/16, K, K, 16]; sums are float32.
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

  /// Windows of 3 × 3 and 5 × 5, whole blocks of channels.
  static bool supports(const PooledConv2dShape& shape);

  /// Takes all the memory that running needs, for as many threads as there are now.
  explicit PooledConv2dBackward(const PooledConv2dShape& shape);
  void operator()(const Arguments& arguments);

 private:
  // A maximum that passes its gradient, and where what the convolution saw begins in a padded
  // plane, in floats.
  struct Contribution {
    std::uint32_t offset;
    float gradient;
  };
  struct Scratch {
    std::vector<std::uint32_t> offsets;       // Of a tile of 16 output channels.
    std::vector<float> gradients;             // Likewise; 0 where none passes.
    std::vector<Contribution> contributions;  // Of one image, by tile and output channel.
    std::vector<std::uint32_t> begins;        // [tiles · OC + 1]
    std::vector<AlignedBlock> x, grad_x;      // A padded plane of 16 channels.
  };
  void list_contributions(const Arguments& arguments, std::int64_t image, Scratch& scratch,
                          float* grad_bias) const;
  void run_image(const Arguments& arguments, std::int64_t image, Scratch& scratch,
                 float* grad_weight) const;

  PooledConv2dShape shape_;
  std::int64_t tile_rows_;  // Of y: what they read and write of planes stays in the nearest cache.
  std::int64_t num_tiles_;
  std::vector<Scratch> scratch_;           // One a thread.
  std::vector<PartialGradients> partial_;  // Likewise.
};

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
