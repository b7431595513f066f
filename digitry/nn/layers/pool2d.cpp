#include "digitry/nn/layers/pool2d.h"

#include "digitry/nn/layer.h"
#include "digitry/nn/layers/activation.h"
#include "digitry/nn/onednn/kernels.h"
#include "digitry/nn/plan/plan_builder.h"

namespace digitry {
namespace {

using dnnl::algorithm;

// Pools images to `extents`; any layout of `x` will do.
Value plan_pooling(PlanBuilder& builder, const Value& x, const onednn::Extents& extents,
                   const onednn::PoolingWindow& window) {
  const auto pass =
      builder.training() ? dnnl::prop_kind::forward_training : dnnl::prop_kind::forward_inference;
  const auto forward = onednn::pooling_kernel(
      pass, window, x.value.get_desc(), onednn::any_layout(extents, onednn::type_of(x.value)));
  Value y = builder.make_value(forward.dst_desc(), x.needs_gradient());
  y.overwritable = true;
  const bool keeps_positions = builder.training() && window.kind == algorithm::pooling_max;
  const auto workspace = keeps_positions ? builder.make(forward.workspace_desc()) : dnnl::memory();
  builder.forward(forward.impl_info_str(), 0,
                  [call = builder.bind(forward, {{DNNL_ARG_SRC, x.value},
                                                 {DNNL_ARG_WORKSPACE, workspace},
                                                 {DNNL_ARG_DST, y.value}})](auto&) { call(); });
  if (!y.needs_gradient()) return y;

  if (builder.step().does_deferred_relu)
    // After a ReLU, a maximum is 0 only if its whole window is 0. Masking the few maxima therefore
    // has the effect of masking all values.
    plan_relu_backward(builder, y);
  const auto backward = onednn::pooling_backward_kernel(forward, window, x.gradient.get_desc(),
                                                        y.gradient.get_desc());
  builder.backward(
      Direction::kBackwardData, backward.impl_info_str(), 0,
      [call = builder.bind(backward, {{DNNL_ARG_DIFF_DST, y.gradient},
                                      {DNNL_ARG_WORKSPACE, workspace},
                                      {DNNL_ARG_DIFF_SRC, x.gradient}})](auto&) { call(); });
  return y;
}

}  // namespace

Attributes Pool2dLayer::attributes() const {
  return {{"kernel_size", options_.kernel_size},
          {"stride", options_.stride},
          {"padding", options_.padding}};
}

Shape Pool2dLayer::output_shape(const Shape& input) const {
  const Window window{options_.kernel_size, options_.stride, options_.padding};
  return window.output_shape(type(), input, input.rank() == 3 ? input[0] : 0);
}

Value Pool2dLayer::plan(PlanBuilder& builder, const Value& input) const {
  const onednn::Extents x = onednn::extents_of(input.value);
  const Shape output = output_shape({x[1], x[2], x[3]});
  return plan_pooling(builder, input, {x[0], output[0], output[1], output[2]},
                      {.kind = kind_ == Kind::kMax ? algorithm::pooling_max
                                                   : algorithm::pooling_avg_exclude_padding,
                       .strides = {options_.stride, options_.stride},
                       .kernel = {options_.kernel_size, options_.kernel_size},
                       .padding = {options_.padding, options_.padding}});
}

Shape GlobalAvgPool2dLayer::output_shape(const Shape& input) const {
  Window{}.output_shape(type(), input, 1);  // Throws if the input is not an image.
  return {input[0]};
}

Value GlobalAvgPool2dLayer::plan(PlanBuilder& builder, const Value& input) const {
  const onednn::Extents x = onednn::extents_of(input.value);
  const Value mean = plan_pooling(builder, input, {x[0], x[1], 1, 1},
                                  {.kind = algorithm::pooling_avg_exclude_padding,
                                   .strides = {1, 1},
                                   .kernel = {x[2], x[3]},
                                   .padding = {0, 0}});
  return flattened(builder, mean);
}

}  // namespace digitry
