#pragma once

#include "digitry/nn/layers/conv2d.h"
#include "digitry/nn/layers/pool2d.h"
#include "digitry/nn/plan/plan_builder.h"

namespace digitry {

struct PooledConv2dContext {
  std::int64_t batch_size = 1;
  Precision precision = Precision::kFloat32;
  bool with_input_gradient = false;
};

/// Whether `plan_pooled_conv2d` can plan a convolution of images of shape `image` with a ReLU and
/// the maximum `pool` behind it. Its kernels do windows of 3 × 3 and 5 × 5 with stride 1 and
/// without groups, from blocks of 16 channels (or the image's only one) to blocks of 16, and maxima
/// of windows that do not overlap; if the forward pass is oneDNN's, it must have a fast kernel.
bool supports_pooled_conv2d(const Conv2dLayer& conv, const Pool2dLayer& pool, const Shape& image,
                            const PooledConv2dContext& context);

/// Plans a convolution with the ReLU and the maximum of its step (FusedLayer::pool) as one, by the
/// kernels of kernels/pooled_conv2d.h. Their backward pass is exact, and a fraction of the work: a
/// profile counts the operations of the convolution's ordinary one.
Value plan_pooled_conv2d(PlanBuilder& builder, const Conv2dLayer& conv, const Value& input);

}  // namespace digitry
