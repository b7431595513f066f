#pragma once

#include "digitry/nn/batch_norm.h"
#include "digitry/nn/plan_builder.h"

namespace digitry {

struct FoldedBatchNorm {
  dnnl::memory weight;
  dnnl::memory bias;
};

/// Weights (row-major, float32, the `channels` output channels first) and bias of the layer before
/// `norm` with its running statistics multiplied in, so that `norm` need not run: algorithm 2 of
/// Ioffe and Szegedy. `bias` may be empty. Expects `norm` to be the first layer absorbed by the one
/// planned.
FoldedBatchNorm fold_batch_norm(PlanBuilder& builder, const BatchNormLayer& norm,
                                const dnnl::memory& weight, const dnnl::memory& bias,
                                std::int64_t channels);

}  // namespace digitry
