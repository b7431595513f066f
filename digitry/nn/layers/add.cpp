#include "digitry/nn/layers/add.h"

#include "digitry/nn/onednn/kernels.h"
#include "digitry/nn/plan/plan_builder.h"

namespace digitry {
namespace {

// to = a + b, in the layout of `to`, which may be the same memory as `a` or `b`.
onednn::BoundPrimitive sum(PlanBuilder& builder, const dnnl::memory& a, const dnnl::memory& b,
                           const dnnl::memory& to) {
  return builder.bind(
      onednn::sum_kernel(to.get_desc(), {a.get_desc(), b.get_desc()}),
      {{DNNL_ARG_MULTIPLE_SRC, a}, {DNNL_ARG_MULTIPLE_SRC + 1, b}, {DNNL_ARG_DST, to}});
}

}  // namespace

Value AddLayer::plan(PlanBuilder& builder, const Value& input) const {
  const Value& skip = builder.skip(options_.layers_back);
  // The sum goes to new memory, because the layer that computed x may still need x.
  Value output{.value = builder.make(input.value.get_desc()),
               .gradient = input.gradient,
               .overwritable = true};
  builder.forward("sum", 0,
                  [call = sum(builder, input.value, skip.value, output.value)](auto&) { call(); });
  if (!skip.needs_gradient()) return output;

  // The gradient of x equals that of the sum and is in the same memory. Earlier layers may
  // overwrite it before it is added to the gradient of the skipped value, so a copy is kept.
  const auto kept = builder.make(output.gradient.get_desc());
  builder.backward_reorder(Direction::kBackwardData, output.gradient, kept);
  builder.backward_into_skip(
      options_.layers_back, "sum",
      [call = sum(builder, skip.gradient, kept, skip.gradient)](auto&) { call(); });
  return output;
}

}  // namespace digitry
