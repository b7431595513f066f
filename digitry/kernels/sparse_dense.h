#pragma once

#include <cstdint>
#include <vector>

namespace digitry::kernels {

/// A dense layer for a few images with many zeros, optionally followed by ReLU:
///
///   y[n,:] = bias + Σ_{i: x[n,i] ≠ 0} x[n,i] · weight[i,:]
///
/// For few images, reading the weights takes most of the time. This kernel does not read the rows
/// of weights whose input is zero: four pixels in five, and most outputs of a ReLU.
///
/// Shapes (float32): x [N, IC], weight [IC, OC] (transposed), bias [OC] or null, y [N, OC].
/// In plain loops: tests/reference/reference.h, `dense_forward`.
class SparseDense {
 public:
  /// Whether the outputs fill whole registers: a multiple of 16.
  static bool supports(std::int64_t out_features);

  SparseDense(std::int64_t batch_size, std::int64_t in_features, std::int64_t out_features);
  void operator()(const float* x, const float* weight, const float* bias, bool relu, float* y);

 private:
  std::int64_t in_features_;
  std::int64_t out_features_;
  struct Nonzeros {
    std::int64_t count = 0;
    // With room for one register more, because entries that are zero are written too and then
    // overwritten.
    std::vector<std::uint32_t> indices;
    std::vector<float> values;
  };
  std::vector<Nonzeros> nonzeros_;  // One per image.
};

}  // namespace digitry::kernels
