#pragma once

#include "digitry/nn/layer.h"

namespace digitry {

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

/// Dropout of whole channels: [C,H,W], one decision for each step, image and channel.
/// Source: Tompson et al., "Efficient object localization using convolutional networks", CVPR 2015.
class SpatialDropout : public Layer {
 public:
  explicit SpatialDropout(DropoutOptions options) : options_(options) {}
  std::string type() const override { return "spatial_dropout"; }
  Options options() const override { return {{"rate", static_cast<double>(options_.rate)}}; }
  Shape output_shape(const Shape& input) const override;
  Activation plan(PlanBuilder& builder, const Activation& input) const override;

 private:
  DropoutOptions options_;
};

}  // namespace digitry
