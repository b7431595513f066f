#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "digitry/interchange/lowered.h"
#include "digitry/model_io/model.h"
#include "digitry/tensor/tensor.h"

namespace digitry {

/// Eight-bit values: real = scale · (quantized − zero_point), quantized in [−128, 127].
struct Quantization {
  float scale = 1;
  std::int32_t zero_point = 0;
};

/// A positive factor as an integer and a shift: factor ≈ multiplier · 2^−shift, with a multiplier
/// in [2^30, 2^31).
struct FixedPointFactor {
  std::int32_t multiplier = 0;
  std::int32_t shift = 0;
};

/// A step with integer weights. Weighted steps compute
///   acc = bias[oc] + Σ weight · (x − input zero point)
///   y = clamp(output zero point + round(acc · factor[oc]))
/// and take the maximum of `acc` over the pooling window, if there is one.
struct QuantizedStep {
  std::vector<std::int8_t> weight;        ///< In [−127, 127], symmetric.
  std::vector<std::int32_t> bias;         ///< With scale input scale · weight scale.
  std::vector<FixedPointFactor> factors;  ///< One per output channel, or one for all.
};

/// A model of one network as integers, by post-training quantization with the rules of TensorFlow
/// Lite: activations are 8 bits with one scale and zero point per value, weights 8 bits,
/// symmetric, with one scale per output channel (one for the whole last layer, so that its sums can
/// be compared), biases 32 bits.
/// Source: Jacob et al., "Quantization and training of neural networks for efficient
/// integer-arithmetic-only inference", CVPR 2018, sec. 2; Krishnamoorthi, arXiv 1806.08342, sec. 3.
struct QuantizedNetwork {
  LoweredNetwork network;            ///< With the real weights.
  std::vector<Quantization> values;  ///< Of each value, see `run_steps`.
  std::vector<QuantizedStep> steps;  ///< One per step of `network`.
  std::int32_t pixel_offset = 0;     ///< An input is clamp(pixel + pixel_offset).
};

/// Quantizes a model. The ranges of activations are those for `images` (uint8 [N,C,H,W]), training
/// images; some hundred suffice. Test-time augmentation is left out.
/// Throws what `lower` throws, Error{kShapeMismatch} if the images do not have the model's shape,
/// and Error{kInvalidArgument} if there are none, if a layer has no integer form (leaky_relu, add,
/// an average over padding), or if pixels are scaled by 0 or less.
QuantizedNetwork quantize(const Model& model, const Tensor& images);

/// What the integers compute for one image.
struct QuantizedAnswer {
  std::int32_t label = 0;           ///< The first class with the largest sum.
  std::vector<std::int8_t> scores;  ///< The logits, quantized as the last of `values`.
};

/// Classifies one image, row by row; in plain loops. The exported C source computes the same bits.
QuantizedAnswer classify(const QuantizedNetwork& network, std::span<const std::uint8_t> pixels);

}  // namespace digitry
