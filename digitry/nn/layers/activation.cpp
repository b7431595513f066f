#include "digitry/nn/layers/activation.h"

#include <algorithm>

#include "digitry/kernels/elementwise.h"
#include "digitry/nn/onednn/kernels.h"
#include "digitry/nn/plan/plan_builder.h"

namespace digitry {
namespace {

using dnnl::algorithm;
using onednn::cpu_engine;
using onednn::with_elements;

}  // namespace

Value in_place_or_copy(PlanBuilder& builder, const Value& input) {
  if (input.overwritable) return input;
  Value copy = input;
  copy.value = builder.make(input.value.get_desc());
  copy.overwritable = true;
  builder.forward_reorder(input.value, copy.value);
  return copy;
}

void plan_relu_backward(PlanBuilder& builder, const Value& output) {
  builder.backward(Direction::kBackwardData, "relu", 0, [output](auto&) {
    with_elements(
        [](auto values, auto gradient) {
          kernels::relu_backward(onednn::read_only(values), gradient);
        },
        output.value, output.gradient);
  });
}

Value ReluLayer::plan(PlanBuilder& builder, const Value& input) const {
  Value output = in_place_or_copy(builder, input);
  builder.forward("relu", 0, [output](auto&) {
    with_elements([](auto values) { kernels::relu_forward(values); }, output.value);
  });
  if (output.needs_gradient()) plan_relu_backward(builder, output);
  return output;
}

std::string ActivationLayer::type() const {
  switch (kind_) {
    case Kind::kLeakyRelu:
      return "leaky_relu";
    case Kind::kTanh:
      return "tanh";
    case Kind::kGelu:
      return "gelu";
    case Kind::kSilu:
      return "silu";
  }
  return {};
}

Attributes ActivationLayer::attributes() const {
  if (kind_ != Kind::kLeakyRelu) return {};
  return {{"negative_slope", static_cast<double>(negative_slope_)}};
}

Value ActivationLayer::plan(PlanBuilder& builder, const Value& input) const {
  const auto [function, alpha] = [&]() -> std::pair<algorithm, float> {
    switch (kind_) {
      case Kind::kLeakyRelu:
        return {algorithm::eltwise_relu, negative_slope_};
      case Kind::kTanh:
        return {algorithm::eltwise_tanh, 0.0F};
      case Kind::kGelu:
        return {algorithm::eltwise_gelu_erf, 0.0F};
      case Kind::kSilu:
        return {algorithm::eltwise_swish, 1.0F};
    }
    return {};
  }();
  const auto layout = input.value.get_desc();
  const auto pass =
      builder.training() ? dnnl::prop_kind::forward_training : dnnl::prop_kind::forward_inference;
  const auto forward = onednn::eltwise_kernel(pass, function, alpha, layout);
  Value output = builder.make_value(layout, input.needs_gradient());
  output.overwritable = true;
  builder.forward(
      forward.impl_info_str(), 0,
      [call = builder.bind(forward, {{DNNL_ARG_SRC, input.value}, {DNNL_ARG_DST, output.value}})](
          auto&) { call(); });
  if (!output.needs_gradient()) return output;
  const auto backward =
      onednn::eltwise_backward_kernel(forward, function, alpha, input.gradient.get_desc(), layout);
  builder.backward(
      Direction::kBackwardData, backward.impl_info_str(), 0,
      [call = builder.bind(backward, {{DNNL_ARG_SRC, input.value},
                                      {DNNL_ARG_DIFF_DST, output.gradient},
                                      {DNNL_ARG_DIFF_SRC, input.gradient}})](auto&) { call(); });
  return output;
}

Value FlattenLayer::plan(PlanBuilder& builder, const Value& input) const {
  return flattened(builder, input);
}

Value flattened(PlanBuilder& builder, const Value& input) {
  const Value plain = builder.plain(input);
  const auto extents = onednn::extents_of(plain.value);
  std::int64_t features = 1;
  for (std::size_t i = 1; i < extents.size(); ++i) features *= extents[i];
  const auto view = [&](const dnnl::memory& memory) {
    if (!memory) return dnnl::memory();
    const auto layout = onednn::plain_layout({extents[0], features}, onednn::type_of(memory));
    return dnnl::memory(layout, cpu_engine(), memory.get_data_handle());
  };
  return {.value = view(plain.value),
          .gradient = view(plain.gradient),
          .overwritable = plain.overwritable};
}

}  // namespace digitry
