#pragma once

#include "digitry/nn/layer.h"
#include "digitry/nn/layers.h"

namespace digitry {

/// Batch normalisation of each channel over the batch and all positions. After a dense layer: of
/// each feature over the batch.
///
/// y = weight[c] · (x − mean[c]) / √(var[c] + ε) + bias[c]
///
/// In training, mean and var are those of the batch (biased variance): of the images of its plan
/// or, if the plan has `batch_ranks`, of all ranks, which costs one sum over the ranks each way
/// (2·C + 1 and 2·C numbers). The running statistics are updated: running ← (1 − momentum) ·
/// running + momentum · batch, with the unbiased variance. In inference, mean and var are the
/// running statistics. Shapes (float32): x and y [N,C,H,W] or [N,C]; weight, bias, running_mean,
/// running_var [C], initially 1, 0, 0, 1. Source: Ioffe, Szegedy, "Batch normalization", ICML 2015,
/// algorithms 1 and 2. A ReLU that follows is computed in the same kernel. Throws
/// Error{kShapeMismatch}: "batch_norm: expected [features] or [channels, height, width], got [2,
/// 3]".
class BatchNormLayer : public Layer {
 public:
  explicit BatchNormLayer(BatchNorm options) : options_(options) {}

  std::string type() const override { return "batch_norm"; }
  Attributes attributes() const override;
  Shape output_shape(const Shape& input) const override;
  std::vector<ParameterSpec> parameters(const Shape& input) const override;
  Value plan(PlanBuilder& builder, const Value& input) const override;

  const BatchNorm& options() const { return options_; }

 private:
  BatchNorm options_;
};

}  // namespace digitry
