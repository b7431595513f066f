#pragma once

#include <cstdint>
#include <vector>

#include "digitry/kernels/lanes.h"

namespace digitry::kernels {

/// Shapes: x [N, IC/bi, H, W, bi] and y [N, OC/bo, OH, OW, bo] in blocks of bi and bo channels,
/// with OH = H + 2·padding − 2, or half of that (rounded down) if the result is pooled; OW
/// likewise.
struct WinogradConv2dShape {
  std::int64_t batch_size = 1;
  std::int64_t in_channels = kBlock;
  std::int64_t out_channels = kBlock;
  std::int64_t height = 3;
  std::int64_t width = 3;
  std::int64_t padding = 0;
  std::int64_t in_block = kBlock;   ///< 16 or natural_block().
  std::int64_t out_block = kBlock;  ///< Likewise.
  bool relu = false;
  bool pool = false;  ///< Max-pooling with 2 × 2 windows that do not overlap.

  std::int64_t conv_height() const { return height + 2 * padding - 2; }
  std::int64_t conv_width() const { return width + 2 * padding - 2; }
  std::int64_t out_height() const { return pool ? conv_height() / 2 : conv_height(); }
  std::int64_t out_width() const { return pool ? conv_width() / 2 : conv_width(); }
  /// Tiles of 2 × 2 results of the convolution.
  std::int64_t tile_rows() const { return pool ? out_height() : (out_height() + 1) / 2; }
  std::int64_t tile_columns() const { return pool ? out_width() : (out_width() + 1) / 2; }
  std::int64_t num_tiles() const { return batch_size * tile_rows() * tile_columns(); }
};

/// The forward pass of a 3 × 3 convolution of stride 1, optionally followed by ReLU and by max
/// pooling, by Winograd's algorithm F(2×2, 3×3): 16 products instead of 36 for each tile of four
/// results, without a copy of the image for a matrix product. A result does not depend on the other
/// images, nor on the number of threads.
///
///   y = maxpool(relu(weight ∗ x + bias)),   a tile: Aᵀ [(G w Gᵀ) ⊙ (Bᵀ d B)] A, summed over IC
///
/// Source: Lavin, Gray, "Fast algorithms for convolutional neural networks", CVPR 2016, sec. 4.1.
/// In plain loops: tests/reference/conv2d.h, tests/reference/pool2d.h.
class WinogradConv2d {
 public:
  /// Whether the shape is supported: channels in multiples of 16.
  static bool supports(const WinogradConv2dShape& shape);
  /// Channels per block that suit the registers of this processor, and the layouts of oneDNN's
  /// kernels for it.
  static std::int64_t natural_block();

  /// Allocates all memory of a run, for the current number of threads. Expects a supported shape.
  explicit WinogradConv2d(const WinogradConv2dShape& shape);

  /// Number of floats of transformed weights: [OC/16, 16, IC, 16].
  std::int64_t transformed_size() const;
  /// G w Gᵀ of all filters. `weight` is [OC/16, 3, 3, IC, 16].
  void transform_weights(const float* weight, float* transformed) const;
  /// `bias` [OC] may be null. `positions`, which may be null too, gets the position of each maximum
  /// in its window, as `max_pool_blocked` numbers them, in the layout of y.
  void operator()(const float* x, const float* transformed, const float* bias, float* y,
                  std::uint8_t* positions);

 private:
  WinogradConv2dShape shape_;
  std::int64_t num_chunks_;
  struct Scratch {
    std::vector<AlignedBlock> inputs;    // [16, tiles, IC]
    std::vector<AlignedBlock> products;  // [16, tiles, 32]
  };
  std::vector<Scratch> scratch_;  // One per thread.
};

}  // namespace digitry::kernels
