#pragma once

#include "digitry/nn/layer.h"
#include "digitry/nn/layers.h"

namespace digitry {

/// y[n,c,h,w] = x[n,c,h+B,w+B]: removes a border of B pixels, which is nearly empty in MNIST.
///
/// Shapes (float32, NCHW): x [N,C,H,W], y [N,C,H−2B,W−2B]. The gradient of the border is zero.
/// Throws Error{kShapeMismatch}: "crop2d: expected [channels, height ≥ 5, width ≥ 5], got [1, 4,
/// 4]".
class Crop2dLayer : public Layer {
 public:
  explicit Crop2dLayer(Crop2d options) : options_(options) {}

  std::string type() const override { return "crop2d"; }
  Attributes attributes() const override { return {{"border", options_.border}}; }
  Shape output_shape(const Shape& input) const override;
  Value plan(PlanBuilder& builder, const Value& input) const override;

 private:
  Crop2d options_;
};

}  // namespace digitry
