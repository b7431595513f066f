#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "digitry/model_io/model.h"

namespace digitry {

/// One operation of a network that has been brought into the form that C source needs.
struct LoweredStep {
  enum class Kind { kConv2d, kDense, kMaxPool2d, kAvgPool2d, kLeakyRelu, kAdd, kCrop2d };

  Kind kind = Kind::kDense;
  std::string label;       ///< "0 conv2d", for messages and comments.
  std::size_t input = 0;   ///< The value that it reads: 0 is the image, i + 1 the result of step i.
  std::size_t second = 0;  ///< kAdd: the other one.
  Shape input_shape;       ///< Of one image, [C,H,W] or [features].
  Shape output_shape;
  std::int64_t kernel_size = 1, stride = 1, padding = 0, groups = 1;
  /// kConv2d: a max-pooling of windows that do not overlap follows, computed in the same step.
  std::int64_t pool_size = 1, pool_stride = 1;
  bool relu = false;          ///< Whether a ReLU follows; kConv2d: before the pooling.
  float slope = 0;            ///< kLeakyRelu: of negative values.
  std::vector<float> weight;  ///< Row-major: [OC,IC/G,K,K] or [OC,IC].
  std::vector<float> bias;    ///< [OC]
};

/// A network for inference of one image, as a list of operations.
struct LoweredNetwork {
  Shape input_shape;
  std::vector<LoweredStep> steps;  ///< The last one returns the logits.
  std::int64_t multiply_adds = 0;
};

/// Lowers the network of a model: dropout and flatten disappear; a batch normalisation becomes part
/// of the convolution or dense layer before it, or a convolution of its own; ReLU and max-pooling
/// become part of a convolution where they can.
/// Throws what `check_usable` throws, and Error{kInvalidArgument} if the model has several networks
/// or if C without a mathematics library cannot express a layer: tanh, gelu, silu, and those that a
/// program registered.
LoweredNetwork lower(const Model& model);

/// A shape as that of an image: [features] are channels of one pixel.
struct Extents {
  std::int64_t channels, height, width;
};
Extents extents_of(const Shape& shape);

/// The values of one image: `values[0]` is the network input, `values[i + 1]` the result of step i.
/// In plain loops, as the C source computes them.
std::vector<std::vector<float>> run_steps(const LoweredNetwork& network,
                                          std::span<const float> input);

/// Where each value of `values` (see `run_steps`) lies in one array, in elements; values that are
/// needed at the same time do not overlap.
struct MemoryPlan {
  std::vector<std::int64_t> offsets;
  std::int64_t size = 0;
};
MemoryPlan plan_memory(const LoweredNetwork& network);

}  // namespace digitry
