#pragma once

#include <cstdint>
#include <vector>

namespace digitry::kernels {

/// y[n,:] = bias + Σ_i x[n,i] · weight[i,:], and a ReLU after it where asked for, of few images:
/// the rows of weights that a zero of x meets are not even read. Four pixels in five are zero, and
/// most of what a ReLU gives; and reading the weights is what takes the time.
///
/// x [N, IC], weight [IC, OC] (transposed), bias [OC] or null, y [N, OC], all float32.
class SparseDense {
 public:
  /// Whole registers of outputs.
  static bool supports(std::int64_t out_features);

  SparseDense(std::int64_t batch_size, std::int64_t in_features, std::int64_t out_features);
  void operator()(const float* x, const float* weight, const float* bias, bool relu, float* y);

 private:
  std::int64_t in_features_;
  std::int64_t out_features_;
  struct Nonzeros {
    std::int64_t count = 0;
    // With room for a register more: they are written by registers.
    std::vector<std::uint32_t> indices;
    std::vector<float> values;
  };
  std::vector<Nonzeros> nonzeros_;  // One an image.
};

}  // namespace digitry::kernels
