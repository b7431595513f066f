#include "digitry/nn/dense.h"

#include <dnnl.hpp>

#include "digitry/base/error.h"
#include "digitry/kernels/elementwise.h"
#include "digitry/kernels/onednn/primitive.h"
#include "digitry/nn/activation_layers.h"
#include "digitry/nn/plan_builder.h"

namespace digitry {
namespace {

using kernels::onednn::BoundPrimitive;
using kernels::onednn::cpu_engine;
using kernels::onednn::elements;
using Dims = dnnl::memory::dims;

dnnl::memory::desc any_layout(const Dims& extents) {
  return {extents, dnnl::memory::data_type::f32, dnnl::memory::format_tag::any};
}

dnnl::primitive_attr relu_after() {
  dnnl::post_ops after;
  after.append_eltwise(1.0F, dnnl::algorithm::eltwise_relu, 0.0F, 0.0F);
  dnnl::primitive_attr attributes;
  attributes.set_post_ops(after);
  return attributes;
}

// The four shapes of one dense layer; kernels choose the layout of the weights, the rest is plain.
struct Extents {
  Dims x, weight, bias, y;
};

}  // namespace

Shape Dense::output_shape(const Shape& input) const {
  if (input.rank() != 1 || input[0] < 1)
    throw Error(ErrorCode::kShapeMismatch,
                "dense: want [features], got {}; put a flatten layer before it", input.to_string());
  return {options_.out_features};
}

std::vector<ParameterSpec> Dense::parameters(const Shape& input) const {
  return {{"weight", {options_.out_features, input[0]}, Initializer::kHeNormal, input[0]},
          {"bias", {options_.out_features}, Initializer::kZero, input[0]}};
}

std::int64_t Dense::multiply_adds(const Shape& input) const {
  return options_.out_features * input[0];
}

Activation Dense::plan(PlanBuilder& builder, const Activation& input) const {
  const Activation plain = builder.plain(input);
  const std::int64_t batch = builder.batch_size();
  const std::int64_t in_features = plain.value.get_desc().dims()[1];
  const Extents extents{.x = {batch, in_features},
                        .weight = {options_.out_features, in_features},
                        .bias = {options_.out_features},
                        .y = {batch, options_.out_features}};
  const auto flops = 2.0 * static_cast<double>(batch * in_features * options_.out_features);
  const bool relu = builder.absorb_next<Relu>();
  const auto x = kernels::onednn::plain_layout(extents.x);
  const auto y = kernels::onednn::plain_layout(extents.y);
  const auto b = kernels::onednn::plain_layout(extents.bias);

  const dnnl::inner_product_forward::desc forward(
      builder.training() ? dnnl::prop_kind::forward_training : dnnl::prop_kind::forward_inference,
      x, any_layout(extents.weight), b, y);
  const dnnl::inner_product_forward::primitive_desc forward_kernel(
      forward, relu ? relu_after() : dnnl::primitive_attr(), cpu_engine());

  const auto weight =
      builder.parameter("weight", Shape(extents.weight), forward_kernel.weights_desc());
  const auto bias = builder.parameter("bias", Shape(extents.bias), b);
  Activation output = builder.make_activation(y);
  output.overwritable = true;

  const auto forward_weight =
      builder.make_like_or_same(weight.value, forward_kernel.weights_desc());
  builder.forward_reorder(weight.value, forward_weight);
  builder.forward(forward_kernel.impl_info_str(), flops,
                  [call = BoundPrimitive(dnnl::inner_product_forward(forward_kernel),
                                         {{DNNL_ARG_SRC, plain.value},
                                          {DNNL_ARG_WEIGHTS, forward_weight},
                                          {DNNL_ARG_BIAS, bias.value},
                                          {DNNL_ARG_DST, output.value}})](auto&) { call(); });
  if (!builder.training()) return output;

  if (relu)
    builder.backward(Direction::kBackwardData, "relu", 0, [output](auto&) {
      kernels::relu_backward(elements(output.value), elements(output.gradient));
    });

  const dnnl::inner_product_backward_weights::primitive_desc weights_kernel(
      {x, any_layout(extents.weight), b, y}, cpu_engine(), forward_kernel);
  const auto weight_gradient =
      builder.make_like_or_same(weight.gradient, weights_kernel.diff_weights_desc());
  builder.backward(
      Direction::kBackwardWeights, weights_kernel.impl_info_str(), flops,
      [call = BoundPrimitive(dnnl::inner_product_backward_weights(weights_kernel),
                             {{DNNL_ARG_SRC, plain.value},
                              {DNNL_ARG_DIFF_DST, output.gradient},
                              {DNNL_ARG_DIFF_WEIGHTS, weight_gradient},
                              {DNNL_ARG_DIFF_BIAS, bias.gradient}})](auto&) { call(); });
  builder.backward_reorder(Direction::kBackwardWeights, weight_gradient, weight.gradient);
  if (!plain.wants_gradient()) return output;

  const dnnl::inner_product_backward_data::primitive_desc data_kernel(
      {x, any_layout(extents.weight), y}, cpu_engine(), forward_kernel);
  const auto backward_weight = builder.make_like_or_same(weight.value, data_kernel.weights_desc());
  builder.backward_reorder(Direction::kBackwardData, weight.value, backward_weight);
  builder.backward(
      Direction::kBackwardData, data_kernel.impl_info_str(), flops,
      [call = BoundPrimitive(dnnl::inner_product_backward_data(data_kernel),
                             {{DNNL_ARG_DIFF_DST, output.gradient},
                              {DNNL_ARG_WEIGHTS, backward_weight},
                              {DNNL_ARG_DIFF_SRC, plain.gradient}})](auto&) { call(); });
  return output;
}

}  // namespace digitry
