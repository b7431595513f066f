#pragma once

#include "digitry/nn/layer.h"

namespace digitry {

/// Rectified linear unit: y = max(x, 0), of any shape; the gradient passes where y > 0.
/// Source: Nair, Hinton, "Rectified linear units improve restricted Boltzmann machines", ICML 2010.
class ReluLayer : public Layer {
 public:
  std::string type() const override { return "relu"; }
  Shape output_shape(const Shape& input) const override { return input; }
  Value plan(PlanBuilder& builder, const Value& input) const override;
};

/// A smooth (or leaky) activation function of each value, of any shape:
///
///   leaky_relu   x where x > 0, else slope · x    Maas, Hannun, Ng, ICML 2013
///   tanh         tanh(x)                          LeCun et al. 1998, sec. III
///   gelu         x · Φ(x), by the error function  Hendrycks, Gimpel 2016
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

/// All values of an image in one row: [C,H,W] to [C·H·W], row-major. Moves nothing where the values
/// lie so already.
class FlattenLayer : public Layer {
 public:
  std::string type() const override { return "flatten"; }
  Shape output_shape(const Shape& input) const override { return {input.num_elements()}; }
  Value plan(PlanBuilder& builder, const Value& input) const override;
};

/// What Flatten does, for other layers.
Value flattened(PlanBuilder& builder, const Value& input);

/// Adds the backward pass of a ReLU whose output is `output`.
void plan_relu_backward(PlanBuilder& builder, const Value& output);

/// Where a layer may compute in place: the input itself, or a copy where that is still needed.
Value in_place_or_copy(PlanBuilder& builder, const Value& input);

}  // namespace digitry
