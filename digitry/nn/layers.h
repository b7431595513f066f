#pragma once

#include <cstdint>

#include "digitry/base/attributes.h"

// The layers of a network, with their options:
//   recipe.layers = {Flatten{}, Dense{.out_features = 128}, Relu{}, Dense{.out_features = 10}};
// Each converts to Attributes, the form in which recipes and model files store it. The header named
// beside each layer documents its equation, shapes, cost and source.

namespace digitry {

// NOLINTBEGIN(google-explicit-constructor): layers of several types make one list.

/// Fully connected: nn/layers/dense.h.
struct Dense {
  std::int64_t out_features = 1;
  bool bias = true;
  operator Attributes() const;
};

/// Two-dimensional convolution: nn/layers/conv2d.h.
struct Conv2d {
  std::int64_t out_channels = 1;
  std::int64_t kernel_size = 3;  ///< Side of the square window.
  std::int64_t stride = 1;
  std::int64_t padding = 0;  ///< Zeros on each side.
  /// Number of groups that the channels are split into. The outputs of a group depend on the inputs
  /// of that group only. With one group per input channel it is a depthwise convolution.
  std::int64_t groups = 1;
  bool bias = true;
  operator Attributes() const;
};

/// Maximum over each window: nn/layers/pool2d.h.
struct MaxPool2d {
  std::int64_t kernel_size = 2;  ///< Side of the square window.
  std::int64_t stride = 2;
  std::int64_t padding = 0;  ///< Pixels added on each side; pooling ignores them.
  operator Attributes() const;
};

/// Mean over each window: nn/layers/pool2d.h.
struct AvgPool2d {
  std::int64_t kernel_size = 2;  ///< Side of the square window.
  std::int64_t stride = 2;
  std::int64_t padding = 0;  ///< Pixels added on each side; pooling ignores them.
  operator Attributes() const;
};

/// Mean of each channel: nn/layers/pool2d.h.
struct GlobalAvgPool2d {
  operator Attributes() const;
};

/// Batch normalisation: nn/layers/batch_norm.h.
struct BatchNorm {
  double momentum = 0.1;  ///< Weight of the newest batch in the running statistics.
  double epsilon = 1e-5;
  operator Attributes() const;
};

/// Activation functions: nn/layers/activation.h.
struct Relu {
  operator Attributes() const;
};
struct LeakyRelu {
  float negative_slope = 0.01F;
  operator Attributes() const;
};
struct Tanh {
  operator Attributes() const;
};
struct Gelu {
  operator Attributes() const;
};
struct Silu {
  operator Attributes() const;
};

/// Inverted dropout of single values: nn/layers/dropout.h.
struct Dropout {
  float rate = 0.5F;  ///< Probability that a value is dropped, in [0, 1).
  operator Attributes() const;
};

/// Inverted dropout of whole channels: nn/layers/dropout.h.
struct SpatialDropout {
  float rate = 0.5F;  ///< Probability that a channel is dropped, in [0, 1).
  operator Attributes() const;
};

/// Reshapes an image to one row of values: nn/layers/activation.h.
struct Flatten {
  operator Attributes() const;
};

/// Cuts off the border: nn/layers/crop2d.h.
struct Crop2d {
  std::int64_t border = 1;  ///< Pixels cut off on each side.
  operator Attributes() const;
};

/// A residual connection, which adds the input of the layer `layers_back` before it:
/// nn/layers/add.h.
struct Add {
  std::int64_t layers_back = 2;
  operator Attributes() const;
};

// NOLINTEND(google-explicit-constructor)

}  // namespace digitry
