#include "digitry/nn/layers/dropout.h"

#include <algorithm>
#include <optional>

#include "digitry/base/error.h"
#include "digitry/kernels/elementwise.h"
#include "digitry/nn/layers/activation.h"
#include "digitry/nn/onednn/primitive.h"
#include "digitry/nn/plan/plan_builder.h"

namespace digitry {
namespace {

using onednn::elements;
using onednn::with_elements;

// Empty unless the layout is plain, channels last, or has one block of channels.
std::optional<kernels::ChannelLayout> channel_layout(const dnnl::memory::desc& layout) {
  const auto extents = onednn::extents_of(layout);
  kernels::ChannelLayout channels{.batch_size = extents[0],
                                  .channels = extents[1],
                                  .positions = extents[2] * extents[3],
                                  .block = 1};
  if (const std::int64_t block = onednn::channel_block(layout); block > 1)
    channels.block = block;
  else if (layout ==
           dnnl::memory::desc(extents, onednn::type_of(layout), dnnl::memory::format_tag::nhwc))
    channels.block = extents[1];
  else if (layout != onednn::plain_layout(extents, onednn::type_of(layout)))
    return std::nullopt;
  return channels;
}

}  // namespace

Value DropoutLayer::plan(PlanBuilder& builder, const Value& input) const {
  if (!builder.training() || options_.rate == 0) return input;
  Value output = in_place_or_copy(builder, input);
  const auto type_size = onednn::type_of(output.value) == onednn::DataType::f32
                             ? sizeof(float)
                             : sizeof(kernels::BFloat16);
  const auto keep =
      builder.make_bytes(static_cast<std::int64_t>(output.value.get_desc().get_size() / type_size));
  builder.forward(
      "dropout", 0,
      [output, keep, rate = options_.rate,
       layer = static_cast<std::uint32_t>(builder.step().index)](const StepContext& context) {
        with_elements(
            [&](auto values) {
              kernels::dropout_forward(values, keep, rate, {context.seed, context.step, layer});
            },
            output.value);
      });
  if (output.needs_gradient())
    builder.backward(
        Direction::kBackwardData, "dropout", 0, [output, keep, rate = options_.rate](auto&) {
          with_elements([&](auto gradient) { kernels::dropout_backward(keep, gradient, rate); },
                        output.gradient);
        });
  return output;
}

Shape SpatialDropoutLayer::output_shape(const Shape& input) const {
  if (input.rank() != 3)
    throw Error(ErrorCode::kShapeMismatch,
                "spatial_dropout: expected [channels, height, width], got {}", input.to_string());
  return input;
}

Value SpatialDropoutLayer::plan(PlanBuilder& builder, const Value& input) const {
  if (!builder.training() || options_.rate == 0) return input;
  const auto layout = input.value.get_desc();
  Value output = in_place_or_copy(builder, channel_layout(layout) ? input : builder.plain(input));
  const kernels::ChannelLayout channels = *channel_layout(output.value.get_desc());
  const auto factors = builder.make(onednn::plain_layout({channels.batch_size, channels.channels}));
  const auto keep = builder.make_bytes(channels.batch_size * channels.channels);
  const auto apply = [channels, factors](const dnnl::memory& to) {
    with_elements(
        [&](auto values) { kernels::scale_channels(channels, values, elements(factors)); }, to);
  };
  builder.forward(
      "dropout", 0,
      [=, rate = options_.rate,
       layer = static_cast<std::uint32_t>(builder.step().index)](const StepContext& context) {
        std::ranges::fill(elements(factors), 1.0F);
        kernels::dropout_forward(elements(factors), keep, rate,
                                 {context.seed, context.step, layer});
        apply(output.value);
      });
  if (output.needs_gradient())
    builder.backward(Direction::kBackwardData, "dropout", 0,
                     [=](auto&) { apply(output.gradient); });
  return output;
}

}  // namespace digitry
