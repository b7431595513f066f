#pragma once

#include "digitry/nn/layer.h"
#include "digitry/nn/layers.h"

namespace digitry {

/// Residual connection: y = x + s, where x comes from the layer before and s is the input of the
/// layer `layers_back` before this one, with the same shape. With layers_back = 4, the layers
/// conv2d, batch_norm, relu, conv2d, add form the block y = x + conv(relu(norm(conv(x)))).
/// Source: He, Zhang, Ren, Sun, "Deep residual learning for image recognition", CVPR 2016, eq. 1.
/// Network's constructor throws Error{kShapeMismatch} if the shapes differ.
class AddLayer : public Layer {
 public:
  explicit AddLayer(Add options) : options_(options) {}

  std::string type() const override { return "add"; }
  Attributes attributes() const override { return {{"layers_back", options_.layers_back}}; }
  Shape output_shape(const Shape& input) const override { return input; }
  std::int64_t layers_back() const override { return options_.layers_back; }
  Value plan(PlanBuilder& builder, const Value& input) const override;

 private:
  Add options_;
};

}  // namespace digitry
