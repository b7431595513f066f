#pragma once

#include "digitry/nn/layer.h"

namespace digitry {

/// Rectified linear unit: y = max(x, 0), of any shape; the gradient passes where y > 0.
/// Source: Nair, Hinton, "Rectified linear units improve restricted Boltzmann machines", ICML 2010.
class Relu : public Layer {
 public:
  std::string type() const override { return "relu"; }
  Shape output_shape(const Shape& input) const override { return input; }
  Activation plan(PlanBuilder& builder, const Activation& input) const override;
};

struct DropoutOptions {
  float rate = 0.5F;  ///< Probability that a value is dropped, in [0, 1).
};

/// Inverted dropout: while training, y = x · keep / (1 − rate) with keep ~ Bernoulli(1 − rate),
/// drawn anew for every step, image and feature; otherwise y = x. Source: Srivastava et al.,
/// "Dropout: a simple way to prevent neural networks from overfitting", JMLR 15, 2014.
class Dropout : public Layer {
 public:
  explicit Dropout(DropoutOptions options) : options_(options) {}
  std::string type() const override { return "dropout"; }
  Options options() const override { return {{"rate", static_cast<double>(options_.rate)}}; }
  Shape output_shape(const Shape& input) const override { return input; }
  Activation plan(PlanBuilder& builder, const Activation& input) const override;

 private:
  DropoutOptions options_;
};

/// All values of an image in one row: [C,H,W] to [C·H·W], row-major. Moves nothing.
class Flatten : public Layer {
 public:
  std::string type() const override { return "flatten"; }
  Shape output_shape(const Shape& input) const override { return {input.num_elements()}; }
  Activation plan(PlanBuilder& builder, const Activation& input) const override;
};

}  // namespace digitry
