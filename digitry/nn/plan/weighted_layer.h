#pragma once

#include <optional>
#include <string>
#include <vector>

#include "digitry/nn/layers/activation.h"
#include "digitry/nn/layers/batch_norm.h"
#include "digitry/nn/onednn/kernels.h"
#include "digitry/nn/plan/plan_builder.h"

namespace digitry {

struct FoldedBatchNorm {
  dnnl::memory weight;
  dnnl::memory bias;
};

/// Folds the running statistics of `norm` into the weights (row-major, float32, the `channels`
/// output channels first) and the bias of the layer before it, so that `norm` need not run. Source:
/// Ioffe, Szegedy 2015, algorithm 2. `bias` may be empty. Expects `norm` to be the layer after the
/// one being planned.
FoldedBatchNorm fold_batch_norm(PlanBuilder& builder, const BatchNormLayer& norm,
                                const dnnl::memory& weight, const dnnl::memory& bias,
                                std::int64_t channels);

/// Extents of a layer y = weight ∗ x + bias, for the whole batch, as oneDNN orders them.
struct WeightedLayerExtents {
  dnnl::memory::dims x, weight, bias, y;
  Shape weight_shape;  ///< Shape of the parameter; its row-major order is that of `weight`.
  bool has_bias = true;
  double flops = 0;  ///< Of one pass.
};

/// Plans a dense or convolution layer: chooses kernels and layouts, prepares the weights, and adds
/// the forward pass, both backward passes and the fused layers. `Kernels` makes oneDNN's primitive
/// descriptors:
///
///   Forward, BackwardWeights, BackwardData       oneDNN's primitives
///   num_variants(type)                           ways to compute, best first
///   why(variant, type)                           for profiles
///   x_layout(variant, extents, type), y_layout   plain, or any for the kernel to choose
///   forward(variant, prop, x, weight, bias, y, attributes), backward_weights(variant, x, weight,
///   bias, y, forward), backward_data(variant, x, weight, y, forward)
template <typename Kernels>
class WeightedLayerPlanner {
 public:
  WeightedLayerPlanner(PlanBuilder& builder, Kernels kernels, WeightedLayerExtents extents)
      : builder_(builder), kernels_(std::move(kernels)), extents_(std::move(extents)) {}

  Value plan(const Value& input) {
    const Choice kernels = choose(input.needs_gradient());
    const bool lacks_type = kernels.type != builder_.compute_type();
    builder_.because(kernels_.why(kernels.variant, kernels.type) +
                     (lacks_type ? "; oneDNN has none in bfloat16" : ""));
    const Value x = builder_.in_layout(input, kernels.forward.src_desc());
    Value y = plan_forward(kernels, x);
    if (builder_.training()) plan_backward(kernels, x, y);
    return y;
  }

 private:
  using DataType = onednn::DataType;

  struct Choice {
    DataType type;
    int variant;
    typename Kernels::Forward::primitive_desc forward;
    std::optional<typename Kernels::BackwardWeights::primitive_desc> backward_weights;
    std::optional<typename Kernels::BackwardData::primitive_desc> backward_data;

    // oneDNN's plain loops: correct, but a thousand times slower.
    bool has_reference_kernel() const {
      const auto is_reference = [](const auto& kernel) {
        return std::string(kernel.impl_info_str()).starts_with("ref");
      };
      return is_reference(forward) || (backward_weights && is_reference(*backward_weights)) ||
             (backward_data && is_reference(*backward_data));
    }
  };

  // The first variant without a reference kernel; in float32 if bfloat16 has none.
  Choice choose(bool needs_input_gradient) const {
    std::vector<DataType> types{builder_.compute_type()};
    if (types[0] != DataType::f32) types.push_back(DataType::f32);
    std::optional<Choice> last;
    for (const DataType type : types)
      for (int variant = 0; variant < kernels_.num_variants(type); ++variant) {
        last = make(type, variant, needs_input_gradient);
        if (!last->has_reference_kernel()) return *last;
      }
    return *last;
  }

  Choice make(DataType type, int variant, bool needs_input_gradient) const {
    const auto any_weight = onednn::any_layout(extents_.weight, type);
    const auto bias = extents_.has_bias || step_.norm != nullptr
                          ? onednn::plain_layout(extents_.bias)
                          : dnnl::memory::desc();
    // Logits are float32. With a fused ReLU, values and gradients have the same type.
    const DataType y_type = builder_.is_last() && !step_.relu ? DataType::f32 : type;
    const dnnl::primitive_attr attributes = onednn::kernel_attributes(step_.relu);
    Choice choice{
        .type = type,
        .variant = variant,
        .forward = kernels_.forward(variant,
                                    builder_.training() ? dnnl::prop_kind::forward_training
                                                        : dnnl::prop_kind::forward_inference,
                                    kernels_.x_layout(variant, extents_, type), any_weight, bias,
                                    kernels_.y_layout(variant, extents_, y_type), attributes),
        .backward_weights = std::nullopt,
        .backward_data = std::nullopt};
    if (!builder_.training()) return choice;
    const auto x = choice.forward.src_desc();
    const auto y = onednn::with_type(choice.forward.dst_desc(), type);
    choice.backward_weights = kernels_.backward_weights(
        variant, x, onednn::any_layout(extents_.weight), bias, y, choice.forward);
    if (needs_input_gradient)
      choice.backward_data = kernels_.backward_data(variant, x, any_weight, y, choice.forward);
    return choice;
  }

  Value plan_forward(const Choice& kernels, const Value& x) {
    const auto plain = onednn::plain_layout(extents_.weight);
    auto arena_layout = builder_.training() ? kernels.backward_weights->diff_weights_desc()
                        : kernels.type == DataType::f32 && step_.norm == nullptr
                            ? kernels.forward.weights_desc()
                            : plain;
    // Winograd's transformed weights cannot be converted back or used by other plans.
    if (!onednn::is_blocked(arena_layout)) arena_layout = plain;
    weight_ = builder_.parameter("weight", extents_.weight_shape, arena_layout);
    if (extents_.has_bias)
      bias_ = builder_.parameter("bias", Shape(extents_.bias), onednn::plain_layout(extents_.bias));
    dnnl::memory weight = weight_.value;
    dnnl::memory bias = bias_.value;
    if (step_.norm != nullptr) {
      const auto folded = fold_batch_norm(builder_, *step_.norm, builder_.prepared(weight, plain),
                                          bias, extents_.bias[0]);
      weight = folded.weight;
      bias = folded.bias;
    }
    weight = builder_.prepared(weight, kernels.forward.weights_desc());

    Value y;
    y.value = builder_.make(kernels.forward.dst_desc());
    y.overwritable = true;
    if (builder_.training())
      y.gradient = builder_.make(onednn::with_type(kernels.forward.dst_desc(), kernels.type));
    builder_.forward(
        kernels.forward.impl_info_str(), extents_.flops,
        [call = builder_.bind(kernels.forward, {{DNNL_ARG_SRC, x.value},
                                                {DNNL_ARG_WEIGHTS, weight},
                                                {DNNL_ARG_BIAS, bias},
                                                {DNNL_ARG_DST, y.value}})](auto&) { call(); });
    return y;
  }

  void plan_backward(const Choice& kernels, const Value& x, const Value& y) {
    if (step_.relu && !step_.defers_relu_backward) plan_relu_backward(builder_, y);
    const auto weight_gradient =
        builder_.make_like_or_same(weight_.gradient, kernels.backward_weights->diff_weights_desc());
    builder_.backward(
        Direction::kBackwardWeights, kernels.backward_weights->impl_info_str(), extents_.flops,
        [call = builder_.bind(*kernels.backward_weights, {{DNNL_ARG_SRC, x.value},
                                                          {DNNL_ARG_DIFF_DST, y.gradient},
                                                          {DNNL_ARG_DIFF_WEIGHTS, weight_gradient},
                                                          {DNNL_ARG_DIFF_BIAS, bias_.gradient}})](
            auto&) { call(); });
    builder_.backward_reorder(Direction::kBackwardWeights, weight_gradient, weight_.gradient);
    if (!kernels.backward_data) return;
    const auto weight = builder_.prepared(weight_.value, kernels.backward_data->weights_desc());
    builder_.backward(
        Direction::kBackwardData, kernels.backward_data->impl_info_str(), extents_.flops,
        [call = builder_.bind(*kernels.backward_data, {{DNNL_ARG_DIFF_DST, y.gradient},
                                                       {DNNL_ARG_WEIGHTS, weight},
                                                       {DNNL_ARG_DIFF_SRC, x.gradient}})](auto&) {
          call();
        });
  }

  PlanBuilder& builder_;
  Kernels kernels_;
  WeightedLayerExtents extents_;
  const FusedLayer& step_ = builder_.step();
  BoundParameter weight_;
  BoundParameter bias_;
};

}  // namespace digitry
