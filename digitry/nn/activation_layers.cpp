#include "digitry/nn/activation_layers.h"

#include <algorithm>

#include "digitry/kernels/elementwise.h"
#include "digitry/kernels/onednn/primitive.h"
#include "digitry/nn/plan_builder.h"

namespace digitry {
namespace {

using kernels::onednn::elements;

// Where a layer may compute in place: the input itself, or a copy where that is still needed.
Activation in_place_or_copy(PlanBuilder& builder, const Activation& input) {
  if (input.overwritable) return input;
  Activation copy{.value = builder.make(input.value.get_desc()),
                  .gradient = input.gradient,
                  .overwritable = true};
  builder.forward("copy", 0, [input, copy](auto&) {
    std::ranges::copy(elements(input.value), elements(copy.value).begin());
  });
  return copy;
}

}  // namespace

Activation Relu::plan(PlanBuilder& builder, const Activation& input) const {
  Activation output = in_place_or_copy(builder, input);
  builder.forward("relu", 0, [output](auto&) { kernels::relu_forward(elements(output.value)); });
  if (output.wants_gradient())
    builder.backward(Direction::kBackwardData, "relu", 0, [output](auto&) {
      kernels::relu_backward(elements(output.value), elements(output.gradient));
    });
  return output;
}

Activation Dropout::plan(PlanBuilder& builder, const Activation& input) const {
  if (!builder.training() || options_.rate == 0) return input;
  Activation output = in_place_or_copy(builder, input);
  const auto keep = builder.make_bytes(static_cast<std::int64_t>(elements(output.value).size()));
  builder.forward("dropout", 0,
                  [output, keep, rate = options_.rate,
                   layer = builder.layer_index()](const StepContext& context) {
                    kernels::dropout_forward(elements(output.value), keep, rate,
                                             {context.seed, context.step, layer});
                  });
  if (output.wants_gradient())
    builder.backward(Direction::kBackwardData, "dropout", 0,
                     [output, keep, rate = options_.rate](auto&) {
                       kernels::dropout_backward(keep, elements(output.gradient), rate);
                     });
  return output;
}

Activation Flatten::plan(PlanBuilder& builder, const Activation& input) const {
  const Activation plain = builder.plain(input);
  const auto extents = plain.value.get_desc().dims();
  std::int64_t features = 1;
  for (std::size_t i = 1; i < extents.size(); ++i) features *= extents[i];
  const auto layout = kernels::onednn::plain_layout({extents[0], features});
  const auto view = [&](const dnnl::memory& memory) {
    return memory ? dnnl::memory(layout, kernels::onednn::cpu_engine(), memory.get_data_handle())
                  : dnnl::memory();
  };
  return {.value = view(plain.value),
          .gradient = view(plain.gradient),
          .overwritable = plain.overwritable};
}

}  // namespace digitry
