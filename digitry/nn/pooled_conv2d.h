#pragma once

#include <optional>

#include "digitry/nn/conv2d.h"
#include "digitry/nn/plan_builder.h"

namespace digitry {

/// Plans a convolution with the ReLU and the maximum behind it as one, by the kernels of
/// kernels/pooled_conv2d.h, and absorbs these layers. Their backward pass is exact, and a fraction
/// of the work: a profile counts the operations of the convolution's ordinary one.
///
/// Nothing where something else follows, or for what those kernels do not do: they do windows of
/// 3 × 3 and 5 × 5 with stride 1 and without groups, from blocks of 16 channels (or the image's
/// only one) to blocks of 16, and maxima of windows that do not overlap.
std::optional<Activation> plan_pooled_conv2d(PlanBuilder& builder, const Conv2dLayer& layer,
                                             const Activation& input);

}  // namespace digitry
