#include "digitry/nn/plan/pooled_conv2d.h"

#include <limits>
#include <memory>
#include <string>

#include "digitry/kernels/pooled_conv2d.h"
#include "digitry/nn/layers/activation.h"
#include "digitry/nn/layers/pool2d.h"
#include "digitry/nn/onednn/kernels.h"
#include "digitry/nn/plan/winograd_conv2d.h"

namespace digitry {
namespace {

using kernels::BFloat16;
using kernels::kBlock;
using kernels::PooledConv2dShape;
using onednn::DataType;
using onednn::Layout;
using Tag = dnnl::memory::format_tag;

constexpr const char* kKernel = "digitry:pooled_conv2d";

PooledConv2dShape shape_of(const Conv2dLayer& conv, const Pool2dLayer& pool, const Shape& image,
                           std::int64_t batch_size) {
  return {.batch_size = batch_size,
          .in_channels = image[0],
          .out_channels = conv.options().out_channels,
          .height = image[1],
          .width = image[2],
          .kernel_size = conv.options().kernel_size,
          .padding = conv.options().padding,
          .pool_size = pool.options().kernel_size};
}

Layout x_layout(const PooledConv2dShape& shape, DataType type) {
  return {{shape.batch_size, shape.in_channels, shape.height, shape.width}, type, Tag::nChw16c};
}

Layout conv_layout(const PooledConv2dShape& shape, DataType type) {
  return {{shape.batch_size, shape.out_channels, shape.conv_height(), shape.conv_width()},
          type,
          Tag::nChw16c};
}

Layout weight_layout(const PooledConv2dShape& shape) {
  return {{shape.out_channels, shape.in_channels, shape.kernel_size, shape.kernel_size},
          DataType::f32,
          shape.in_channels == 1 ? Tag::Acdb16a : Tag::aBcd16b};
}

// oneDNN's forward pass, including the ReLU.
dnnl::convolution_forward::primitive_desc forward_kernel(const PooledConv2dShape& shape,
                                                         DataType type, bool has_bias) {
  const dnnl::memory::dims strides{1, 1};
  const dnnl::memory::dims padding{shape.padding, shape.padding};
  return onednn::forward_kernel<dnnl::convolution_forward>(
      onednn::kernel_attributes(/*with_relu=*/true), dnnl::prop_kind::forward_training,
      type == DataType::f32 ? dnnl::algorithm::convolution_auto
                            : dnnl::algorithm::convolution_direct,
      x_layout(shape, type), onednn::any_layout(onednn::extents_of(weight_layout(shape)), type),
      has_bias ? onednn::plain_layout({shape.out_channels}) : Layout(), conv_layout(shape, type),
      strides, padding, padding);
}

class PooledConv2dPlanner {
 public:
  PooledConv2dPlanner(PlanBuilder& builder, const Conv2dLayer& layer,
                      const PooledConv2dShape& shape)
      : builder_(builder),
        shape_(shape),
        weight_layout_(weight_layout(shape)),
        flops_(2.0 * static_cast<double>(shape.batch_size) *
               static_cast<double>(layer.multiply_adds(image()))),
        specs_(layer.parameters(image())) {}

  // For input in blocks of channels, in training.
  template <typename T>
  Value plan(const Value& input, bool winograd) {
    const Value x = builder_.in_layout(input, x_layout(shape_, builder_.compute_type()));
    bind_parameters();
    Value y = make_output();
    builder_.because(winograd ? kWhyWinograd : "oneDNN's convolution, then the pool");
    if (winograd)
      plan_winograd_forward(x, y);
    else
      plan_onednn_forward<T>(x, y);

    builder_.because("from the gradient of the pool: of each window it is zero but at one place");
    const auto run = std::make_shared<kernels::PooledConv2dBackward<T>>(shape_);
    const auto weight = builder_.prepared(weight_.value, weight_layout_);
    const auto weight_gradient = builder_.make_like_or_same(weight_.gradient, weight_layout_);
    builder_.backward(Direction::kBackward, kKernel, 2 * flops_,
                      [=, bias = bias_, positions = positions_](auto&) {
                        (*run)({.x = data<const T>(x.value),
                                .weight = data<const float>(weight),
                                .y = data<const T>(y.value),
                                .positions = positions,
                                .grad_y = data<const T>(y.gradient),
                                .grad_weight = data<float>(weight_gradient),
                                .grad_bias = data<float>(bias.gradient),
                                .grad_x = data<T>(x.gradient)});
                      });
    builder_.backward_reorder(Direction::kBackward, weight_gradient, weight_.gradient);
    return y;
  }

  // For input with a single channel.
  template <typename T>
  Value plan_single_channel(const Value& input) {
    builder_.because("one input channel: the pool follows while the values are in registers");
    const Value x = builder_.in_layout(
        input, onednn::plain_layout({shape_.batch_size, 1, shape_.height, shape_.width}));
    bind_parameters();
    Value y = make_output();
    const auto kernel = std::make_shared<kernels::SingleChannelPooledConv2d<T>>(shape_);
    const auto weight = builder_.prepared(weight_.value, weight_layout_);
    builder_.forward(kKernel, flops_, [=, bias = bias_, positions = positions_](auto&) {
      kernel->forward(data<const float>(x.value), data<const float>(weight),
                      data<const float>(bias.value), data<T>(y.value), positions);
    });
    if (!builder_.training()) return y;
    const auto weight_gradient = builder_.make_like_or_same(weight_.gradient, weight_layout_);
    builder_.backward(Direction::kBackwardWeights, kKernel, flops_,
                      [=, bias = bias_, positions = positions_](auto&) {
                        kernel->backward(data<const float>(x.value), data<const T>(y.value),
                                         positions, data<const T>(y.gradient),
                                         data<float>(weight_gradient), data<float>(bias.gradient));
                      });
    builder_.backward_reorder(Direction::kBackwardWeights, weight_gradient, weight_.gradient);
    return y;
  }

 private:
  Shape image() const { return {shape_.in_channels, shape_.height, shape_.width}; }
  bool has_bias() const { return specs_.size() > 1; }

  template <typename T>
  static T* data(const dnnl::memory& memory) {
    return memory ? static_cast<T*>(memory.get_data_handle()) : nullptr;
  }

  template <typename T>
  void plan_onednn_forward(const Value& x, const Value& y) {
    const DataType type = builder_.compute_type();
    const auto forward = forward_kernel(shape_, type, has_bias());
    const auto conv = builder_.make(conv_layout(shape_, type));
    builder_.forward(
        forward.impl_info_str(), flops_,
        [call = builder_.bind(
             forward, {{DNNL_ARG_SRC, x.value},
                       {DNNL_ARG_WEIGHTS, builder_.prepared(weight_.value, forward.weights_desc())},
                       {DNNL_ARG_BIAS, bias_.value},
                       {DNNL_ARG_DST, conv}})](auto&) { call(); });
    builder_.forward(kKernel, 0, [=, shape = shape_, positions = positions_](auto&) {
      kernels::max_pool_blocked(shape, data<const T>(conv), data<T>(y.value), positions);
    });
  }

  void plan_winograd_forward(const Value& x, const Value& y) {
    const PreparedWinograd prepared = prepare_winograd(builder_,
                                                       {.batch_size = shape_.batch_size,
                                                        .in_channels = shape_.in_channels,
                                                        .out_channels = shape_.out_channels,
                                                        .height = shape_.height,
                                                        .width = shape_.width,
                                                        .padding = shape_.padding,
                                                        .relu = true,
                                                        .pool = true},
                                                       weight_.value);
    builder_.forward(kWinogradKernel, flops_, [=, bias = bias_, positions = positions_](auto&) {
      (*prepared.kernel)(data<const float>(x.value), data<const float>(prepared.transformed),
                         data<const float>(bias.value), data<float>(y.value), positions);
    });
  }

  void bind_parameters() {
    weight_ = builder_.parameter("weight", specs_[0].shape, weight_layout_);
    if (has_bias())
      bias_ =
          builder_.parameter("bias", specs_[1].shape, onednn::plain_layout({shape_.out_channels}));
  }

  Value make_output() {
    Value y = builder_.make_value(
        {{shape_.batch_size, shape_.out_channels, shape_.out_height(), shape_.out_width()},
         builder_.compute_type(),
         Tag::nChw16c});
    y.overwritable = true;
    positions_ = builder_.make_bytes(shape_.out_size()).data();
    return y;
  }

  PlanBuilder& builder_;
  PooledConv2dShape shape_;
  Layout weight_layout_;
  double flops_;
  std::vector<ParameterSpec> specs_;
  BoundParameter weight_;
  BoundParameter bias_;
  std::uint8_t* positions_ = nullptr;
};

}  // namespace

bool supports_pooled_conv2d(const Conv2dLayer& conv, const Pool2dLayer& pool, const Shape& image,
                            const PooledConv2dContext& context) {
  const Pool2dOptions& window = pool.options();
  if (conv.options().stride != 1 || conv.options().groups != 1 ||
      window.stride != window.kernel_size || window.padding != 0)
    return false;
  const PooledConv2dShape shape = shape_of(conv, pool, image, context.batch_size);
  const bool winograd = supports_winograd_conv2d(conv, &pool, image, context.precision);
  if (!context.with_input_gradient)
    return kernels::SingleChannelPooledConv2d<float>::supports(shape) ||
           (!context.training && winograd);
  if (!kernels::PooledConv2dBackward<float>::supports(shape)) return false;
  if (winograd) return true;
  const DataType type = context.precision == Precision::kBFloat16 ? DataType::bf16 : DataType::f32;
  const auto kernel = forward_kernel(shape, type, conv.options().bias);
  return !std::string(kernel.impl_info_str()).starts_with("ref");
}

Value plan_pooled_conv2d(PlanBuilder& builder, const Conv2dLayer& conv, const Value& input) {
  const auto x = onednn::extents_of(input.value);
  const Shape image{x[1], x[2], x[3]};
  const Pool2dLayer& pool = *builder.step().pool;
  const bool bf16 = builder.compute_type() == DataType::bf16;
  const bool winograd = supports_winograd_conv2d(conv, &pool, image, builder.precision());
  if (winograd && !builder.training()) return plan_winograd_conv2d(builder, conv, input);
  PooledConv2dPlanner planner(builder, conv, shape_of(conv, pool, image, x[0]));
  if (input.needs_gradient())
    return bf16 ? planner.plan<BFloat16>(input, winograd) : planner.plan<float>(input, winograd);
  return bf16 ? planner.plan_single_channel<BFloat16>(input)
              : planner.plan_single_channel<float>(input);
}

}  // namespace digitry
