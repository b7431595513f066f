#include "digitry/nn/add.h"

#include <dnnl.hpp>

#include "digitry/kernels/onednn/primitive.h"
#include "digitry/nn/plan_builder.h"

namespace digitry {
namespace {

using kernels::onednn::BoundPrimitive;

// to = a + b, in the layout of `to`. Reads and writes may be of the same memory.
BoundPrimitive sum(const dnnl::memory& a, const dnnl::memory& b, const dnnl::memory& to) {
  const dnnl::sum::primitive_desc kernel(to.get_desc(), {1.0F, 1.0F}, {a.get_desc(), b.get_desc()},
                                         kernels::onednn::cpu_engine());
  return {dnnl::sum(kernel),
          {{DNNL_ARG_MULTIPLE_SRC, a}, {DNNL_ARG_MULTIPLE_SRC + 1, b}, {DNNL_ARG_DST, to}}};
}

}  // namespace

Activation Add::plan(PlanBuilder& builder, const Activation& input) const {
  const Activation& skip = builder.skip(options_.layers_back);
  // The sum is a value of its own: whoever made x may need it as it was.
  Activation output{.value = builder.make(input.value.get_desc()),
                    .gradient = input.gradient,
                    .overwritable = true};
  builder.forward("sum", 0, [call = sum(input.value, skip.value, output.value)](auto&) { call(); });
  if (!skip.wants_gradient()) return output;

  // The gradient by x is that by the sum, in the same memory, which the layers before may change
  // before the skipped value's turn comes.
  const auto kept = builder.make(output.gradient.get_desc());
  builder.backward_reorder(Direction::kBackwardData, output.gradient, kept);
  builder.backward_into_skip(options_.layers_back, "sum",
                             [call = sum(skip.gradient, kept, skip.gradient)](auto&) { call(); });
  return output;
}

}  // namespace digitry
