#include "digitry/nn/layers/conv2d.h"

#include <dnnl.hpp>
#include <string>

#include "digitry/base/error.h"
#include "digitry/nn/layer.h"
#include "digitry/nn/plan/pooled_conv2d.h"
#include "digitry/nn/plan/weighted_layer.h"
#include "digitry/nn/plan/winograd_conv2d.h"

namespace digitry {
namespace {

using dnnl::algorithm;
using onednn::DataType;

// Channels that do not fill a vector register: kernels read them from plain planes.
constexpr std::int64_t kFewChannels = 3;
constexpr std::int64_t kVectorChannels = 16;

// At this limit one image takes about an hour. Sums over layers stay exact.
constexpr double kMaxMultiplyAdds = 1e12;

struct ConvolutionKernels {
  using Forward = dnnl::convolution_forward;
  using BackwardWeights = dnnl::convolution_backward_weights;
  using BackwardData = dnnl::convolution_backward_data;
  using Layout = dnnl::memory::desc;

  dnnl::memory::dims strides, padding;
  std::int64_t in_channels;

  // In float32, oneDNN's own choice comes first: Winograd's algorithm if it is available. With few
  // input channels that choice is slow (14 GFLOP/s instead of 176) and is skipped. Plain planes
  // come last: there oneDNN uses a matrix product. It supports any number of channels, such as the
  // 6 of LeNet-5, for which the direct kernels have no backward passes.
  enum class Variant { kOwnChoice, kDirect, kPlain };
  Variant variant_of(int variant, DataType type) const {
    if (type != DataType::f32) return Variant::kDirect;
    constexpr Variant kAll[] = {Variant::kOwnChoice, Variant::kDirect, Variant::kPlain};
    return kAll[variant + (in_channels >= kVectorChannels ? 0 : 1)];
  }
  int num_variants(DataType type) const {
    if (type != DataType::f32) return 1;
    return in_channels >= kVectorChannels ? 3 : 2;
  }
  std::string why(int variant, DataType type) const {
    if (type != DataType::f32) return "oneDNN's only kind in bfloat16";
    if (variant_of(variant, type) == Variant::kOwnChoice) return "oneDNN's own choice";
    if (variant_of(variant, type) == Variant::kPlain)
      return "oneDNN's faster kernels lack a pass for these channels";
    return in_channels >= kVectorChannels ? "oneDNN's own choice lacks a pass here"
                                          : "oneDNN's own choice is slow for few input channels";
  }
  algorithm algorithm_of(int variant, DataType type) const {
    return variant_of(variant, type) == Variant::kOwnChoice ? algorithm::convolution_auto
                                                            : algorithm::convolution_direct;
  }
  Layout x_layout(int variant, const WeightedLayerExtents& extents, DataType type) const {
    return in_channels <= kFewChannels || variant_of(variant, type) == Variant::kPlain
               ? onednn::plain_layout(extents.x, type)
               : onednn::any_layout(extents.x, type);
  }
  Layout y_layout(int variant, const WeightedLayerExtents& extents, DataType type) const {
    return variant_of(variant, type) == Variant::kPlain ? onednn::plain_layout(extents.y, type)
                                                        : onednn::any_layout(extents.y, type);
  }
  Forward::primitive_desc forward(int variant, dnnl::prop_kind kind, const Layout& x,
                                  const Layout& weight, const Layout& bias, const Layout& y,
                                  const dnnl::primitive_attr& attributes) const {
    return onednn::forward_kernel<Forward>(attributes, kind,
                                           algorithm_of(variant, onednn::type_of(x)), x, weight,
                                           bias, y, strides, padding, padding);
  }
  BackwardWeights::primitive_desc backward_weights(int variant, const Layout& x,
                                                   const Layout& weight, const Layout& bias,
                                                   const Layout& y,
                                                   const Forward::primitive_desc& hint) const {
    return onednn::backward_kernel<BackwardWeights>(hint, algorithm_of(variant, onednn::type_of(x)),
                                                    x, weight, bias, y, strides, padding, padding);
  }
  BackwardData::primitive_desc backward_data(int variant, const Layout& x, const Layout& weight,
                                             const Layout& y,
                                             const Forward::primitive_desc& hint) const {
    return onednn::backward_kernel<BackwardData>(hint, algorithm_of(variant, onednn::type_of(x)), x,
                                                 weight, y, strides, padding, padding);
  }
};

}  // namespace

Attributes Conv2dLayer::attributes() const {
  return {{"out_channels", options_.out_channels},
          {"kernel_size", options_.kernel_size},
          {"stride", options_.stride},
          {"padding", options_.padding},
          {"groups", options_.groups},
          {"bias", options_.bias}};
}

Shape Conv2dLayer::output_shape(const Shape& input) const {
  const Window window{options_.kernel_size, options_.stride, options_.padding};
  Shape output = window.output_shape("conv2d", input, options_.out_channels);
  if (input[0] % options_.groups != 0 || options_.out_channels % options_.groups != 0)
    throw Error(ErrorCode::kShapeMismatch,
                "conv2d: expected {} input and {} output channels to be multiples of groups = {}",
                input[0], options_.out_channels, options_.groups);
  return output;
}

std::vector<ParameterSpec> Conv2dLayer::parameters(const Shape& input) const {
  const std::int64_t in_channels = input[0] / options_.groups;
  const std::int64_t k = options_.kernel_size;
  const std::int64_t fan_in = in_channels * k * k;
  std::vector<ParameterSpec> specs{
      {"weight", {options_.out_channels, in_channels, k, k}, Initializer::kHeNormal, fan_in}};
  if (options_.bias) specs.push_back({"bias", {options_.out_channels}, Initializer::kZero, fan_in});
  return specs;
}

std::int64_t Conv2dLayer::multiply_adds(const Shape& input) const {
  // In double: for a large window over a large image the count exceeds 64 bits.
  const std::int64_t in_channels = input[0] / options_.groups;
  const double window = static_cast<double>(in_channels) *
                        static_cast<double>(options_.kernel_size * options_.kernel_size);
  const double all = static_cast<double>(output_shape(input).num_elements()) * window;
  if (all > kMaxMultiplyAdds)
    throw Error(ErrorCode::kShapeMismatch,
                "conv2d: expected at most {:.0e} multiply-adds per image, got {:.0e}",
                kMaxMultiplyAdds, all);
  return static_cast<std::int64_t>(all);
}

Value Conv2dLayer::plan(PlanBuilder& builder, const Value& input) const {
  if (builder.step().pool != nullptr) return plan_pooled_conv2d(builder, *this, input);
  const auto x = onednn::extents_of(input.value);
  const Shape image{x[1], x[2], x[3]};
  if (!builder.training() &&
      supports_winograd_conv2d(*this, /*pool=*/nullptr, image, builder.precision()))
    return plan_winograd_conv2d(builder, *this, input);
  const ParameterSpec weight = parameters(image)[0];
  WeightedLayerExtents extents{.x = x,
                               .weight = weight.shape.extents(),
                               .bias = {options_.out_channels},
                               .y = output_shape(image).with_batch(builder.batch_size()).extents(),
                               .weight_shape = weight.shape,
                               .has_bias = options_.bias,
                               .flops = 2.0 * static_cast<double>(builder.batch_size()) *
                                        static_cast<double>(multiply_adds(image))};
  if (options_.groups > 1) {
    extents.weight[0] /= options_.groups;
    extents.weight.insert(extents.weight.begin(), options_.groups);
  }
  const ConvolutionKernels kernels{.strides = {options_.stride, options_.stride},
                                   .padding = {options_.padding, options_.padding},
                                   .in_channels = x[1]};
  return WeightedLayerPlanner(builder, kernels, extents).plan(input);
}

}  // namespace digitry
