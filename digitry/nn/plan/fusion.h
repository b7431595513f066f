#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "digitry/nn/layers/batch_norm.h"
#include "digitry/nn/layers/pool2d.h"
#include "digitry/nn/plan/plan.h"

// Decides which layers are computed together by one kernel, for the whole network, before any layer
// is planned. No layer depends on its neighbours.

namespace digitry {

/// One step of a plan: a layer, and the layers after it that its kernel computes as well.
struct FusedLayer {
  std::size_t index = 0;  ///< Of `layer` in the network.
  const Layer* layer = nullptr;
  /// The batch normalisation after it, if that is folded into the weights; else null.
  const BatchNormLayer* norm = nullptr;
  /// Whether a ReLU is applied to its result.
  bool relu = false;
  /// The max-pooling after that ReLU, if Digitry's own kernels compute all three layers
  /// (plan/pooled_conv2d.h); else null.
  const Pool2dLayer* pool = nullptr;
  /// Whether the backward pass of its ReLU is left to the next step, a max-pooling, which has fewer
  /// values.
  bool defers_relu_backward = false;
  /// Whether the step before deferred the backward pass of its ReLU to this one.
  bool does_deferred_relu = false;
};

/// What fusion depends on, besides the layers.
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
///   relu (fused), max_pool2d       in training, max_pool2d does the ReLU's backward pass
///
/// A layer whose input another layer reads as well (a residual connection) is not fused with the
/// one before it.
std::vector<FusedLayer> fuse(const std::vector<std::unique_ptr<Layer>>& layers,
                             const FusionContext& context);

/// Whether a later layer reads the input of layer `index` as its second input.
bool is_read_later(const std::vector<std::unique_ptr<Layer>>& layers, std::size_t index);

}  // namespace digitry
