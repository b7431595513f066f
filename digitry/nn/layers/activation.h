#pragma once

#include "digitry/nn/layer.h"

namespace digitry {

/// Rectified linear unit: y = max(x, 0), for any shape. The gradient passes where y > 0.
/// Source: Nair, Hinton, "Rectified linear units improve restricted Boltzmann machines", ICML 2010.
class ReluLayer : public Layer {
 public:
  std::string type() const override { return "relu"; }
  Shape output_shape(const Shape& input) const override { return input; }
  Value plan(PlanBuilder& builder, const Value& input) const override;
};

/// An element-wise activation function other than ReLU, for any shape:
///
///   leaky_relu   x if x > 0, else slope · x       Maas, Hannun, Ng, ICML 2013
///   tanh         tanh(x)                          LeCun et al. 1998, sec. III
///   gelu         x · Φ(x), with the exact Φ       Hendrycks, Gimpel 2016
///   silu         x / (1 + e⁻ˣ)                    Elfwing, Uchibe, Doya 2018
class ActivationLayer : public Layer {
 public:
  enum class Kind { kLeakyRelu, kTanh, kGelu, kSilu };
  explicit ActivationLayer(Kind kind, float negative_slope = 0)
      : kind_(kind), negative_slope_(negative_slope) {}

  std::string type() const override;
  Attributes attributes() const override;
  Shape output_shape(const Shape& input) const override { return input; }
  Value plan(PlanBuilder& builder, const Value& input) const override;

 private:
  Kind kind_;
  float negative_slope_;
};

/// Reshapes an image to one row of values: [C,H,W] to [C·H·W], row-major. Copies nothing if the
/// values are already in that order.
class FlattenLayer : public Layer {
 public:
  std::string type() const override { return "flatten"; }
  Shape output_shape(const Shape& input) const override { return {input.num_elements()}; }
  Value plan(PlanBuilder& builder, const Value& input) const override;
};

/// Flattens `input` as FlattenLayer does, for other layers.
Value flattened(PlanBuilder& builder, const Value& input);

/// Adds the backward pass of a ReLU whose output is `output`.
void plan_relu_backward(PlanBuilder& builder, const Value& output);

/// Memory that a layer may overwrite: `input` itself, or a copy if `input` is still needed.
Value in_place_or_copy(PlanBuilder& builder, const Value& input);

}  // namespace digitry
