#pragma once

#include "digitry/nn/layer.h"
#include "digitry/nn/layers.h"

namespace digitry {

/// Two-dimensional convolution (cross-correlation, as usual in deep learning).
///
/// y[n,oc,oh,ow] = bias[oc] + Σ_{ic,kh,kw} weight[oc,ic,kh,kw] · x[n,ic,oh·S+kh−P, ow·S+kw−P]
///
/// where ic runs over the IC/G channels of oc's group.
/// Shapes (float32, NCHW): x [N,IC,IH,IW], weight [OC,IC/G,K,K], bias [OC], y [N,OC,OH,OW] with OH
/// = ⌊(IH + 2P − K)/S⌋ + 1, OW likewise.
/// Source: LeCun, Bottou, Bengio, Haffner, "Gradient-based learning applied to document
/// recognition", 1998, sec. II-A. Initial weights: He et al. 2015, eq. 10; initial bias 0.
/// Cost: 2·N·OC·OH·OW·(IC/G)·K² floating-point operations forward, twice that backward (once if the
/// gradient of x is not needed). A ReLU that follows is computed in the same kernel. A max-pooling
/// after that ReLU may be too (nn/plan/pooled_conv2d.h), for a fraction of that cost. In inference,
/// a batch normalisation that follows is folded into the weights.
/// Throws Error{kShapeMismatch}: "conv2d: expected [channels, height ≥ 3, width ≥ 3], got [784]".
class Conv2dLayer : public Layer {
 public:
  explicit Conv2dLayer(Conv2d options) : options_(options) {}

  std::string type() const override { return "conv2d"; }
  Attributes attributes() const override;
  Shape output_shape(const Shape& input) const override;
  std::vector<ParameterSpec> parameters(const Shape& input) const override;
  std::int64_t multiply_adds(const Shape& input) const override;
  const Conv2d& options() const { return options_; }
  Value plan(PlanBuilder& builder, const Value& input) const override;

 private:
  Conv2d options_;
};

}  // namespace digitry
