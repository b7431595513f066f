#include "digitry/nn/layers/crop2d.h"

#include <cstring>
#include <dnnl.hpp>

#include "digitry/nn/layer.h"
#include "digitry/nn/onednn/primitive.h"
#include "digitry/nn/plan/plan_builder.h"

namespace digitry {
namespace {

// The images without their border, in the same memory.
dnnl::memory inner(const dnnl::memory& images, std::int64_t border) {
  const dnnl::memory::desc layout = images.get_desc();
  dnnl::memory::dims extents = onednn::extents_of(layout);
  extents[2] -= 2 * border;
  extents[3] -= 2 * border;
  return {layout.submemory_desc(extents, {0, 0, border, border}), images.get_engine(),
          images.get_data_handle()};
}

}  // namespace

Shape Crop2dLayer::output_shape(const Shape& input) const {
  // The output shape is that of a window of this size with stride 1.
  const Window window{.kernel_size = 2 * options_.border + 1};
  return window.output_shape(type(), input, input.rank() == 3 ? input[0] : 0);
}

Value Crop2dLayer::plan(PlanBuilder& builder, const Value& input) const {
  const dnnl::memory from = inner(input.value, options_.border);
  Value output =
      builder.make_value(onednn::plain_layout(onednn::extents_of(from), onednn::type_of(from)),
                         input.needs_gradient());
  output.overwritable = true;
  builder.forward_reorder(from, output.value);
  if (!output.needs_gradient()) return output;

  builder.backward(Direction::kBackwardData, "zero", 0, [gradient = input.gradient](auto&) {
    std::memset(gradient.get_data_handle(), 0, gradient.get_desc().get_size());
  });
  builder.backward_reorder(Direction::kBackwardData, output.gradient,
                           inner(input.gradient, options_.border));
  return output;
}

}  // namespace digitry
