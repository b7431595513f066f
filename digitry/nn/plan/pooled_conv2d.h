#pragma once

#include "digitry/nn/layers/conv2d.h"
#include "digitry/nn/layers/pool2d.h"
#include "digitry/nn/plan/plan_builder.h"

namespace digitry {

struct PooledConv2dContext {
  std::int64_t batch_size = 1;
  Precision precision = Precision::kFloat32;
  bool training = false;
  bool with_input_gradient = false;
};

/// Whether `plan_pooled_conv2d` supports a convolution of images of shape `image`, followed by a
/// ReLU and the max-pooling `pool`. It supports windows of 3 × 3 and 5 × 5 with stride 1 and
/// without groups, and pooling windows that do not overlap. The input has blocks of 16 channels or
/// a single channel; the output has blocks of 16. The forward pass of blocks is that of
/// plan/winograd_conv2d.h or, in training, oneDNN's if oneDNN has a fast kernel.
bool supports_pooled_conv2d(const Conv2dLayer& conv, const Pool2dLayer& pool, const Shape& image,
                            const PooledConv2dContext& context);

/// Plans a convolution together with the ReLU and the max-pooling of its step (FusedLayer::pool),
/// with the kernels of kernels/pooled_conv2d.h. Their backward pass is exact, for a fraction of the
/// work. A profile still counts the operations of the convolution's ordinary backward pass.
Value plan_pooled_conv2d(PlanBuilder& builder, const Conv2dLayer& conv, const Value& input);

}  // namespace digitry
