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
/// Cost: 2·N·OC·IC floating-point operations forward, twice that backward (once where nobody wants
/// the gradient by x); where few images are classified at a time, less for each zero in x. A ReLU
/// that follows is computed in the same kernel; a batch normalisation that follows is folded into
/// the weights when the network is only used. Throws Error{kShapeMismatch}: "dense: want
/// [features], got [1,28,28]; put a flatten layer before".
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
  Value plan_for_few(PlanBuilder& builder, const Value& input) const;

  Dense options_;
};

}  // namespace digitry
