#pragma once

#include "digitry/nn/layer.h"
#include "digitry/nn/layers.h"

namespace digitry {

/// Fully connected layer.
///
/// y[n,oc] = bias[oc] + Σ_ic weight[oc,ic] · x[n,ic]
///
/// Shapes (float32): x [N,IC], weight [OC,IC], bias [OC], y [N,OC].
/// Without `bias` that term is left out.
/// Initial weights: He et al. 2015, eq. 10 (normal, variance 2/IC); initial bias 0.
/// Cost: 2·N·OC·IC floating-point operations forward, twice that backward (once if the gradient of
/// x is not needed). Inference on up to 8 images at a time skips zeros in x. A ReLU that follows is
/// computed in the same kernel. In inference, a batch normalisation that follows is folded into the
/// weights.
/// Throws Error{kShapeMismatch}: "dense: expected [features], got [1, 28, 28]; put a flatten layer
/// before it".
class DenseLayer : public Layer {
 public:
  explicit DenseLayer(Dense options) : options_(options) {}

  std::string type() const override { return "dense"; }
  Attributes attributes() const override {
    return {{"out_features", options_.out_features}, {"bias", options_.bias}};
  }
  Shape output_shape(const Shape& input) const override;
  std::vector<ParameterSpec> parameters(const Shape& input) const override;
  std::int64_t multiply_adds(const Shape& input) const override;
  Value plan(PlanBuilder& builder, const Value& input) const override;

 private:
  Value plan_small_batch(PlanBuilder& builder, const Value& input) const;

  Dense options_;
};

}  // namespace digitry
