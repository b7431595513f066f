#include "digitry/nn/dropout.h"

#include <algorithm>

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
using kernels::onednn::with_elements;

// values ← values · factors, the factors broadcast over positions.
BoundPrimitive multiply(const dnnl::memory& values, const dnnl::memory& factors) {
  const dnnl::binary::primitive_desc kernel(
      {dnnl::algorithm::binary_mul, values.get_desc(), factors.get_desc(), values.get_desc()},
      cpu_engine());
  return {dnnl::binary(kernel),
          {{DNNL_ARG_SRC_0, values}, {DNNL_ARG_SRC_1, factors}, {DNNL_ARG_DST, values}}};
}

}  // namespace

Activation Dropout::plan(PlanBuilder& builder, const Activation& input) const {
  if (!builder.training() || options_.rate == 0) return input;
  Activation output = in_place_or_copy(builder, input);
  const auto type_size = output.value.get_desc().data_type() == kernels::onednn::DataType::f32
                             ? sizeof(float)
                             : sizeof(kernels::BFloat16);
  const auto keep =
      builder.make_bytes(static_cast<std::int64_t>(output.value.get_desc().get_size() / type_size));
  builder.forward(
      "dropout", 0,
      [output, keep, rate = options_.rate,
       layer = builder.layer_index()](const StepContext& context) {
        with_elements(
            [&](auto values) {
              kernels::dropout_forward(values, keep, rate, {context.seed, context.step, layer});
            },
            output.value);
      });
  if (output.wants_gradient())
    builder.backward(
        Direction::kBackwardData, "dropout", 0, [output, keep, rate = options_.rate](auto&) {
          with_elements([&](auto gradient) { kernels::dropout_backward(keep, gradient, rate); },
                        output.gradient);
        });
  return output;
}

Shape SpatialDropout::output_shape(const Shape& input) const {
  if (input.rank() != 3)
    throw Error(ErrorCode::kShapeMismatch,
                "spatial_dropout: want [channels, height, width], got {}", input.to_string());
  return input;
}

Activation SpatialDropout::plan(PlanBuilder& builder, const Activation& input) const {
  if (!builder.training() || options_.rate == 0) return input;
  const auto extents = input.value.get_desc().dims();
  Activation output = in_place_or_copy(builder, input);
  const auto factors = builder.make(kernels::onednn::plain_layout({extents[0], extents[1], 1, 1}));
  const auto keep = builder.make_bytes(extents[0] * extents[1]);
  builder.forward("dropout", 0,
                  [factors, keep, rate = options_.rate, layer = builder.layer_index(),
                   apply = multiply(output.value, factors)](const StepContext& context) {
                    std::ranges::fill(elements(factors), 1.0F);
                    kernels::dropout_forward(elements(factors), keep, rate,
                                             {context.seed, context.step, layer});
                    apply();
                  });
  if (output.wants_gradient())
    builder.backward(Direction::kBackwardData, "dropout", 0,
                     [apply = multiply(output.gradient, factors)](auto&) { apply(); });
  return output;
}

}  // namespace digitry
