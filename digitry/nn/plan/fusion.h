#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "digitry/nn/layers/batch_norm.h"
#include "digitry/nn/layers/pool2d.h"
#include "digitry/nn/plan/plan.h"

// Which layers one kernel computes together. This is decided here, for the whole network, before
// any of them is planned; no layer looks at its neighbours.

namespace digitry {

/// One step of a plan: a layer, and the layers behind it that its kernel computes as well.
struct FusedLayer {
  std::size_t index = 0;  ///< Of `layer` in the network.
  const Layer* layer = nullptr;
  /// The layer behind it, whose running statistics are multiplied into the weights. Else null.
  const BatchNormLayer* norm = nullptr;
  /// Its result goes through a ReLU.
  bool relu = false;
  /// The maximum behind that ReLU, if Digitry's own kernels compute all three layers
  /// (plan/pooled_conv2d.h). Else null.
  const Pool2dLayer* pool = nullptr;
  /// The backward pass of its ReLU is left to the next step, a maximum, which sees fewer values.
  bool defers_relu_backward = false;
  /// The step before did so.
  bool does_deferred_relu = false;
};

/// What decides about fusion, besides the layers.
struct FusionContext {
  Shape input_shape;  ///< Of one image.
  std::int64_t batch_size = 1;
  bool training = false;
  Precision precision = Precision::kFloat32;
};

/// The steps of a plan, in the order of the layers. Each layer is in one step.
///
///   dense or conv2d, batch_norm    one product in inference: Ioffe, Szegedy 2015, algorithm 2
///   dense, conv2d, batch_norm, relu    the ReLU is part of the kernel
///   conv2d, relu, max_pool2d       Digitry's own kernels, if they support the shapes
///   relu (fused), max_pool2d       in training, the maximum does the ReLU's backward pass
///
/// A layer whose input another layer reads as well (a residual connection) is not fused with the
/// one before it.
std::vector<FusedLayer> fuse(const std::vector<std::unique_ptr<Layer>>& layers,
                             const FusionContext& context);

/// Whether a later layer reads the input of layer `index` as its second input.
bool is_read_later(const std::vector<std::unique_ptr<Layer>>& layers, std::size_t index);

}  // namespace digitry
