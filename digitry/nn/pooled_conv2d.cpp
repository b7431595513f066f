#include "digitry/nn/pooled_conv2d.h"

#include <limits>
#include <memory>
#include <string>

#include "digitry/kernels/first_pooled_conv2d.h"
#include "digitry/kernels/pooled_conv2d.h"
#include "digitry/nn/activation_layers.h"
#include "digitry/nn/onednn/kernels.h"
#include "digitry/nn/pool2d.h"

namespace digitry {
namespace {

using kernels::BFloat16;
using kernels::kBlock;
using kernels::PooledConv2dShape;
using onednn::DataType;
using onednn::Layout;
using Tag = dnnl::memory::format_tag;

constexpr const char* kKernel = "digitry:pooled_conv2d";

class PooledConv2dPlanner {
 public:
  PooledConv2dPlanner(PlanBuilder& builder, const Conv2dLayer& layer,
                      const PooledConv2dShape& shape)
      : builder_(builder),
        shape_(shape),
        weight_layout_(
            {shape.out_channels, shape.in_channels, shape.kernel_size, shape.kernel_size},
            DataType::f32, shape.in_channels == 1 ? Tag::Acdb16a : Tag::aBcd16b),
        flops_(2.0 * static_cast<double>(shape.batch_size) *
               static_cast<double>(layer.multiply_adds(image()))),
        specs_(layer.parameters(image())) {}

  // oneDNN's forward pass, with the ReLU in it; none where that is one of its plain loops.
  std::optional<dnnl::convolution_forward::primitive_desc> forward_kernel() const {
    const DataType type = builder_.compute_type();
    const dnnl::memory::dims strides{1, 1};
    const dnnl::memory::dims padding{shape_.padding, shape_.padding};
    auto kernel = onednn::forward_kernel<dnnl::convolution_forward>(
        onednn::kernel_attributes(/*with_relu=*/true), dnnl::prop_kind::forward_training,
        type == DataType::f32 ? dnnl::algorithm::convolution_auto
                              : dnnl::algorithm::convolution_direct,
        x_layout(), onednn::any_layout(onednn::extents_of(weight_layout_), type),
        has_bias() ? onednn::plain_layout({shape_.out_channels}) : Layout(), conv_layout(), strides,
        padding, padding);
    if (std::string(kernel.impl_info_str()).starts_with("ref")) return std::nullopt;
    return kernel;
  }

  // Of blocks of input channels, in training.
  template <typename T>
  Activation plan(const Activation& input,
                  const dnnl::convolution_forward::primitive_desc& forward) {
    const Activation x = builder_.in_layout(input, x_layout());
    bind_parameters();
    const auto conv = builder_.make(conv_layout());
    builder_.forward(
        forward.impl_info_str(), flops_,
        [call = builder_.bind(
             forward, {{DNNL_ARG_SRC, x.value},
                       {DNNL_ARG_WEIGHTS, builder_.prepared(weight_.value, forward.weights_desc())},
                       {DNNL_ARG_BIAS, bias_.value},
                       {DNNL_ARG_DST, conv}})](auto&) { call(); });
    Activation y = make_output();
    builder_.forward(kKernel, 0, [=, shape = shape_, positions = positions_](auto&) {
      kernels::max_pool_blocked(shape, data<const T>(conv), data<T>(y.value), positions);
    });

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

  // Of the image's only channel.
  template <typename T>
  Activation plan_first(const Activation& input) {
    const Activation x = builder_.in_layout(
        input, onednn::plain_layout({shape_.batch_size, 1, shape_.height, shape_.width}));
    bind_parameters();
    Activation y = make_output();
    const auto kernel = std::make_shared<kernels::FirstPooledConv2d<T>>(shape_);
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
  Layout blocked(std::int64_t channels, std::int64_t height, std::int64_t width) const {
    return {{shape_.batch_size, channels, height, width}, builder_.compute_type(), Tag::nChw16c};
  }
  Layout x_layout() const { return blocked(shape_.in_channels, shape_.height, shape_.width); }
  Layout conv_layout() const {
    return blocked(shape_.out_channels, shape_.conv_height(), shape_.conv_width());
  }

  template <typename T>
  static T* data(const dnnl::memory& memory) {
    return memory ? static_cast<T*>(memory.get_data_handle()) : nullptr;
  }

  void bind_parameters() {
    weight_ = builder_.parameter("weight", specs_[0].shape, weight_layout_);
    if (has_bias())
      bias_ =
          builder_.parameter("bias", specs_[1].shape, onednn::plain_layout({shape_.out_channels}));
  }

  Activation make_output() {
    Activation y = builder_.make_activation(
        blocked(shape_.out_channels, shape_.out_height(), shape_.out_width()));
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

// What the kernels are asked for; nothing where they do not do it.
std::optional<PooledConv2dShape> shape_of(const PlanBuilder& builder, const Conv2d& conv,
                                          const Activation& input) {
  const auto* pool = builder.next_layer<Pool2dLayer>(1);
  if (builder.next_layer<ReluLayer>() == nullptr || pool == nullptr || conv.stride != 1 ||
      conv.groups != 1)
    return std::nullopt;
  const Pool2dOptions& window = pool->settings();
  if (pool->kind() != Pool2dLayer::Kind::kMax || window.stride != window.kernel_size ||
      window.padding != 0)
    return std::nullopt;
  const auto x = onednn::extents_of(input.value);
  return PooledConv2dShape{.batch_size = x[0],
                           .in_channels = x[1],
                           .out_channels = conv.out_channels,
                           .height = x[2],
                           .width = x[3],
                           .kernel_size = conv.kernel_size,
                           .padding = conv.padding,
                           .pool_size = window.kernel_size};
}

}  // namespace

std::optional<Activation> plan_pooled_conv2d(PlanBuilder& builder, const Conv2dLayer& layer,
                                             const Activation& input) {
  const auto shape = shape_of(builder, layer.settings(), input);
  if (!shape) return std::nullopt;
  const bool bf16 = builder.compute_type() == DataType::bf16;
  PooledConv2dPlanner planner(builder, layer, *shape);
  const auto absorb = [&] {
    builder.absorb_next<ReluLayer>();
    builder.absorb_next<Pool2dLayer>();
  };
  if (!input.wants_gradient() && kernels::FirstPooledConv2d<float>::supports(*shape)) {
    absorb();
    return bf16 ? planner.plan_first<BFloat16>(input) : planner.plan_first<float>(input);
  }
  if (!input.wants_gradient() || !kernels::PooledConv2dBackward<float>::supports(*shape))
    return std::nullopt;
  const auto forward = planner.forward_kernel();
  if (!forward) return std::nullopt;
  absorb();
  return bf16 ? planner.plan<BFloat16>(input, *forward) : planner.plan<float>(input, *forward);
}

}  // namespace digitry
