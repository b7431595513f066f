#include "digitry/nn/layers/dropout.h"

#include <algorithm>
#include <optional>

#include "digitry/base/error.h"
#include "digitry/kernels/elementwise.h"
#include "digitry/nn/layers/activation.h"
#include "digitry/nn/onednn/primitive.h"
#include "digitry/nn/plan/channel_layout.h"
#include "digitry/nn/plan/plan_builder.h"

namespace digitry {
namespace {

using onednn::elements;
using onednn::with_elements;

// The random numbers of a layer in one step. A part of a batch takes those that the whole batch has
// at its rows: kernels lay out a batch image after image.
class StreamOf {
 public:
  explicit StreamOf(const PlanBuilder& builder)
      : layer_(static_cast<std::uint32_t>(builder.step().index)),
        batch_size_(builder.batch_size()) {}

  kernels::DropoutStream operator()(const StepContext& context, std::size_t num_values) const {
    const std::int64_t per_image = static_cast<std::int64_t>(num_values) / batch_size_;
    return {.seed = context.seed,
            .step = context.step,
            .layer = layer_,
            .first = context.first_row * per_image};
  }

 private:
  std::uint32_t layer_;
  std::int64_t batch_size_;
};

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
      [output, keep, rate = options_.rate, stream = StreamOf(builder)](const StepContext& context) {
        with_elements(
            [&](auto values) {
              kernels::dropout_forward(values, keep, rate, stream(context, values.size()));
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
      [=, rate = options_.rate, stream = StreamOf(builder)](const StepContext& context) {
        std::ranges::fill(elements(factors), 1.0F);
        kernels::dropout_forward(elements(factors), keep, rate,
                                 stream(context, elements(factors).size()));
        apply(output.value);
      });
  if (output.needs_gradient())
    builder.backward(Direction::kBackwardData, "dropout", 0,
                     [=](auto&) { apply(output.gradient); });
  return output;
}

}  // namespace digitry
