#include "digitry/nn/pool2d.h"

#include <dnnl.hpp>

#include "digitry/kernels/onednn/primitive.h"
#include "digitry/nn/activation_layers.h"
#include "digitry/nn/plan_builder.h"
#include "digitry/nn/window.h"

namespace digitry {
namespace {

using dnnl::algorithm;
using kernels::onednn::BoundPrimitive;
using kernels::onednn::cpu_engine;
using Dims = dnnl::memory::dims;

// One pooling of images to `extents`, in whatever layout they come.
struct Pooling {
  algorithm kind;
  Dims extents;
  Dims strides, kernel, padding;
};

Activation plan_pooling(PlanBuilder& builder, const Activation& x, const Pooling& pooling) {
  using Forward = dnnl::pooling_forward;
  using Backward = dnnl::pooling_backward;
  const auto x_layout = x.value.get_desc();
  const auto any = kernels::onednn::any_layout(pooling.extents, x_layout.data_type());
  const Forward::primitive_desc forward(
      {builder.training() ? dnnl::prop_kind::forward_training : dnnl::prop_kind::forward_inference,
       pooling.kind, x_layout, any, pooling.strides, pooling.kernel, pooling.padding,
       pooling.padding},
      cpu_engine());
  Activation y = builder.make_activation(forward.dst_desc(), x.wants_gradient());
  y.overwritable = true;
  const bool keeps_places = builder.training() && pooling.kind == algorithm::pooling_max;
  const auto workspace = keeps_places ? builder.make(forward.workspace_desc()) : dnnl::memory();
  builder.forward(
      forward.impl_info_str(), 0,
      [call = BoundPrimitive(Forward(forward), {{DNNL_ARG_SRC, x.value},
                                                {DNNL_ARG_WORKSPACE, workspace},
                                                {DNNL_ARG_DST, y.value}})](auto&) { call(); });
  if (!y.wants_gradient()) return y;

  if (x.relu_owed)
    // A maximum of 0 is of zeros only: masking the few maxima does the work of masking all values.
    plan_relu_backward(builder, y);
  const Backward::primitive_desc backward(
      {pooling.kind, x.gradient.get_desc(), y.gradient.get_desc(), pooling.strides, pooling.kernel,
       pooling.padding, pooling.padding},
      cpu_engine(), forward);
  builder.backward(Direction::kBackwardData, backward.impl_info_str(), 0,
                   [call = BoundPrimitive(Backward(backward), {{DNNL_ARG_DIFF_DST, y.gradient},
                                                               {DNNL_ARG_WORKSPACE, workspace},
                                                               {DNNL_ARG_DIFF_SRC, x.gradient}})](
                       auto&) { call(); });
  return y;
}

}  // namespace

Options Pool2d::options() const {
  return {{"kernel_size", options_.kernel_size},
          {"stride", options_.stride},
          {"padding", options_.padding}};
}

Shape Pool2d::output_shape(const Shape& input) const {
  const Window window{options_.kernel_size, options_.stride, options_.padding};
  return window.output_shape(type(), input, input.rank() == 3 ? input[0] : 0);
}

Activation Pool2d::plan(PlanBuilder& builder, const Activation& input) const {
  const Dims x = input.value.get_desc().dims();
  const Shape output = output_shape({x[1], x[2], x[3]});
  return plan_pooling(builder, input,
                      {.kind = kind_ == Kind::kMax ? algorithm::pooling_max
                                                   : algorithm::pooling_avg_exclude_padding,
                       .extents = {x[0], output[0], output[1], output[2]},
                       .strides = {options_.stride, options_.stride},
                       .kernel = {options_.kernel_size, options_.kernel_size},
                       .padding = {options_.padding, options_.padding}});
}

Shape GlobalAvgPool2d::output_shape(const Shape& input) const {
  Window{}.output_shape(type(), input, 1);  // Throws where it is no image.
  return {input[0]};
}

Activation GlobalAvgPool2d::plan(PlanBuilder& builder, const Activation& input) const {
  const Dims x = input.value.get_desc().dims();
  const Activation mean = plan_pooling(builder, input,
                                       {.kind = algorithm::pooling_avg_exclude_padding,
                                        .extents = {x[0], x[1], 1, 1},
                                        .strides = {1, 1},
                                        .kernel = {x[2], x[3]},
                                        .padding = {0, 0}});
  return flattened(builder, mean);
}

}  // namespace digitry
