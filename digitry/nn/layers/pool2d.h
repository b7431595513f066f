#pragma once

#include "digitry/nn/layer.h"

namespace digitry {

struct Pool2dOptions {
  std::int64_t kernel_size = 2;  ///< Side of the square window.
  std::int64_t stride = 2;
  std::int64_t padding = 0;  ///< Pixels added on each side; pooling ignores them.
};

/// y[n,c,oh,ow] = max (or mean) of x[n,c,ih,iw] over the window ih in oh·S − P + [0, K), iw
/// likewise.
///
/// Shapes (float32, NCHW): x [N,C,IH,IW], y [N,C,OH,OW] with OH = ⌊(IH + 2P − K)/S⌋ + 1, OW
/// likewise. The gradient of a maximum goes to the first element that attains it.
/// Source: LeCun et al. 1998, sec. II-A (mean); Ranzato et al., CVPR 2007 (maximum).
/// Throws Error{kShapeMismatch}: "max_pool2d: expected [channels, height ≥ 2, width ≥ 2], got
/// [784]".
class Pool2dLayer : public Layer {
 public:
  enum class Kind { kMax, kAverage };
  Pool2dLayer(Kind kind, Pool2dOptions options) : kind_(kind), options_(options) {}

  std::string type() const override { return kind_ == Kind::kMax ? "max_pool2d" : "avg_pool2d"; }
  Attributes attributes() const override;
  Shape output_shape(const Shape& input) const override;
  const Pool2dOptions& options() const { return options_; }
  Kind kind() const { return kind_; }
  Value plan(PlanBuilder& builder, const Value& input) const override;

 private:
  Kind kind_;
  Pool2dOptions options_;
};

/// Mean of each channel over all its positions: [C,H,W] to [C]. Throws Error{kShapeMismatch} if the
/// input is not [C,H,W].
/// Source: Lin, Chen, Yan, "Network in network", ICLR 2014.
class GlobalAvgPool2dLayer : public Layer {
 public:
  std::string type() const override { return "global_avg_pool2d"; }
  Shape output_shape(const Shape& input) const override;
  Value plan(PlanBuilder& builder, const Value& input) const override;
};

}  // namespace digitry
