#pragma once

#include "digitry/nn/layer.h"
#include "digitry/nn/layers.h"

namespace digitry {

/// Inverted dropout: in training, y = x · keep / (1 − rate) with keep ~ Bernoulli(1 − rate), drawn
/// for every step, image and feature. In inference, y = x.
/// Source: Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting",
/// JMLR 15, 2014.
class DropoutLayer : public Layer {
 public:
  explicit DropoutLayer(Dropout options) : options_(options) {}
  std::string type() const override { return "dropout"; }
  Attributes attributes() const override { return {{"rate", static_cast<double>(options_.rate)}}; }
  Shape output_shape(const Shape& input) const override { return input; }
  Value plan(PlanBuilder& builder, const Value& input) const override;

 private:
  Dropout options_;
};

/// Dropout of whole channels of an image [C,H,W], drawn for every step, image and channel. Throws
/// Error{kShapeMismatch} if the input is not [C,H,W].
/// Source: Tompson et al., "Efficient object localization using convolutional networks", CVPR 2015.
class SpatialDropoutLayer : public Layer {
 public:
  explicit SpatialDropoutLayer(SpatialDropout options) : options_(options) {}
  std::string type() const override { return "spatial_dropout"; }
  Attributes attributes() const override { return {{"rate", static_cast<double>(options_.rate)}}; }
  Shape output_shape(const Shape& input) const override;
  Value plan(PlanBuilder& builder, const Value& input) const override;

 private:
  SpatialDropout options_;
};

}  // namespace digitry
