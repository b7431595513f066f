#pragma once

#include "digitry/nn/layer.h"

namespace digitry {

struct BatchNormOptions {
  double momentum = 0.1;  ///< Share of a batch in the running statistics.
  double epsilon = 1e-5;
};

/// Batch normalisation, of each channel over the batch and the positions (of each feature over the
/// batch, behind a dense layer).
///
/// y = weight[c] · (x − mean[c]) / √(var[c] + ε) + bias[c]
///
/// with the batch's mean and (biased) variance while training, which also move the running ones:
/// running ← (1 − momentum) · running + momentum · batch, where the variance is the unbiased one.
/// Afterwards the running statistics stand in their place. Shapes (float32): x and y [N,C,H,W] or
/// [N,C]; weight, bias, running_mean, running_var [C], at first 1, 0, 0, 1.
/// Source: Ioffe, Szegedy, "Batch normalization", ICML 2015, algorithms 1 and 2.
/// A ReLU that follows is computed in the same kernel.
class BatchNorm : public Layer {
 public:
  explicit BatchNorm(BatchNormOptions options) : options_(options) {}

  std::string type() const override { return "batch_norm"; }
  Options options() const override;
  Shape output_shape(const Shape& input) const override;
  std::vector<ParameterSpec> parameters(const Shape& input) const override;
  Activation plan(PlanBuilder& builder, const Activation& input) const override;

  const BatchNormOptions& settings() const { return options_; }

 private:
  BatchNormOptions options_;
};

}  // namespace digitry
