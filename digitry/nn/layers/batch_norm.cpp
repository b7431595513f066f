#include "digitry/nn/layers/batch_norm.h"

#include <algorithm>
#include <cmath>

#include "digitry/base/error.h"
#include "digitry/nn/layers/activation.h"
#include "digitry/nn/onednn/kernels.h"
#include "digitry/nn/plan/weighted_layer.h"

namespace digitry {
namespace {

using dnnl::normalization_flags;
using onednn::cpu_engine;
using onednn::elements;
using onednn::plain_layout;

normalization_flags flags(bool relu) {
  auto set = normalization_flags::use_scale | normalization_flags::use_shift;
  return relu ? set | normalization_flags::fuse_norm_relu : set;
}

// Views [N, C] as one image [1, C, N, 1], channels last. oneDNN normalises only images and has a
// vectorised kernel for this layout; [N, C, 1, 1] took a hundred times as long.
dnnl::memory as_images(const dnnl::memory& memory) {
  if (!memory) return memory;
  const auto layout = memory.get_desc();
  if (onednn::extents_of(layout).size() != 2) return memory;
  const dnnl::memory::dims extents{1, onednn::extents_of(layout)[1], onednn::extents_of(layout)[0],
                                   1};
  return {{extents, onednn::type_of(layout), dnnl::memory::format_tag::nhwc},
          cpu_engine(),
          memory.get_data_handle()};
}

Value as_images(const Value& activation) {
  Value images = activation;
  images.value = as_images(activation.value);
  images.gradient = as_images(activation.gradient);
  return images;
}

struct BoundNorm {
  BoundParameter weight, bias, mean, variance;
};

BoundNorm bind(PlanBuilder& builder, std::int64_t channels, std::size_t behind) {
  const auto one = [&](const std::string& name) {
    return builder.parameter(name, {channels}, plain_layout({channels}), behind);
  };
  return {.weight = one("weight"),
          .bias = one("bias"),
          .mean = one("running_mean"),
          .variance = one("running_var")};
}

void plan_inference(PlanBuilder& builder, const BatchNorm& options, const Value& x, const Value& y,
                    bool relu) {
  const auto layout = x.value.get_desc();
  const BoundNorm bound = bind(builder, onednn::extents_of(layout)[1], /*behind=*/0);
  const auto kernel = onednn::batch_norm_kernel(
      dnnl::prop_kind::forward_inference, layout, static_cast<float>(options.epsilon),
      flags(relu) | normalization_flags::use_global_stats);
  builder.forward(kernel.impl_info_str(), 0,
                  [call = builder.bind(kernel, {{DNNL_ARG_SRC, x.value},
                                                {DNNL_ARG_MEAN, bound.mean.value},
                                                {DNNL_ARG_VARIANCE, bound.variance.value},
                                                {DNNL_ARG_SCALE, bound.weight.value},
                                                {DNNL_ARG_SHIFT, bound.bias.value},
                                                {DNNL_ARG_DST, y.value}})](auto&) { call(); });
}

void plan_training(PlanBuilder& builder, const BatchNorm& options, const Value& x, const Value& y,
                   bool relu) {
  const auto layout = x.value.get_desc();
  const std::int64_t channels = onednn::extents_of(layout)[1];
  const BoundNorm bound = bind(builder, channels, /*behind=*/0);
  const auto epsilon = static_cast<float>(options.epsilon);
  const auto forward =
      onednn::batch_norm_kernel(dnnl::prop_kind::forward_training, layout, epsilon, flags(relu));
  const auto mean = builder.make(plain_layout({channels}));
  const auto variance = builder.make(plain_layout({channels}));
  const auto workspace = relu ? builder.make(forward.workspace_desc()) : dnnl::memory();
  builder.forward(forward.impl_info_str(), 0,
                  [call = builder.bind(forward, {{DNNL_ARG_SRC, x.value},
                                                 {DNNL_ARG_MEAN, mean},
                                                 {DNNL_ARG_VARIANCE, variance},
                                                 {DNNL_ARG_SCALE, bound.weight.value},
                                                 {DNNL_ARG_SHIFT, bound.bias.value},
                                                 {DNNL_ARG_WORKSPACE, workspace},
                                                 {DNNL_ARG_DST, y.value}})](auto&) { call(); });

  const auto extents = onednn::extents_of(layout);
  const auto count = static_cast<float>(extents[0] * extents[2] * extents[3]);
  const float unbiased = count > 1 ? count / (count - 1) : 1.0F;
  builder.forward("running statistics", 0,
                  [=, share = static_cast<float>(options.momentum)](auto&) {
                    const auto move = [&](const dnnl::memory& running, const dnnl::memory& batch,
                                          float factor) {
                      const auto from = elements(batch);
                      const auto to = elements(running);
                      for (std::size_t c = 0; c < from.size(); ++c)
                        to[c] += share * (factor * from[c] - to[c]);
                    };
                    move(bound.mean.value, mean, 1.0F);
                    move(bound.variance.value, variance, unbiased);
                  });

  const auto backward = onednn::batch_norm_backward_kernel(forward, layout, epsilon, flags(relu));
  // The kernel always computes the gradient of x, even if it is not needed.
  const auto x_gradient = x.needs_gradient() ? x.gradient : builder.make(layout);
  const auto shift = onednn::kBatchNormBackwardTakesShift ? bound.bias.value : dnnl::memory();
  builder.backward(Direction::kBackwardData, backward.impl_info_str(), 0,
                   [call = builder.bind(backward, {{DNNL_ARG_SRC, x.value},
                                                   {DNNL_ARG_MEAN, mean},
                                                   {DNNL_ARG_VARIANCE, variance},
                                                   {DNNL_ARG_SCALE, bound.weight.value},
                                                   {DNNL_ARG_SHIFT, shift},
                                                   {DNNL_ARG_WORKSPACE, workspace},
                                                   {DNNL_ARG_DIFF_DST, y.gradient},
                                                   {DNNL_ARG_DIFF_SRC, x_gradient},
                                                   {DNNL_ARG_DIFF_SCALE, bound.weight.gradient},
                                                   {DNNL_ARG_DIFF_SHIFT, bound.bias.gradient}})](
                       auto&) { call(); });
}

}  // namespace

Attributes BatchNormLayer::attributes() const {
  return {{"momentum", options_.momentum}, {"epsilon", options_.epsilon}};
}

Shape BatchNormLayer::output_shape(const Shape& input) const {
  if (input.rank() != 1 && input.rank() != 3)
    throw Error(ErrorCode::kShapeMismatch,
                "batch_norm: expected [features] or [channels, height, width], got {}",
                input.to_string());
  return input;
}

std::vector<ParameterSpec> BatchNormLayer::parameters(const Shape& input) const {
  const Shape channels{input[0]};
  return {{"weight", channels, Initializer::kOne},
          {"bias", channels, Initializer::kZero},
          {"running_mean", channels, Initializer::kZero, 1, /*trainable=*/false},
          {"running_var", channels, Initializer::kOne, 1, /*trainable=*/false}};
}

FoldedBatchNorm fold_batch_norm(PlanBuilder& builder, const BatchNormLayer& norm,
                                const dnnl::memory& weight, const dnnl::memory& bias,
                                std::int64_t channels) {
  const BoundNorm bound = bind(builder, channels, /*behind=*/1);
  FoldedBatchNorm folded{.weight = builder.make(weight.get_desc()),
                         .bias = builder.make(plain_layout({channels}))};
  builder.prepare(
      "fold batch norm", [=, epsilon = static_cast<float>(norm.options().epsilon)](auto&) {
        const auto from = elements(weight);
        const auto to = elements(folded.weight);
        const std::size_t row = from.size() / static_cast<std::size_t>(channels);
        for (std::size_t c = 0; c < static_cast<std::size_t>(channels); ++c) {
          const float scale = elements(bound.weight.value)[c] /
                              std::sqrt(elements(bound.variance.value)[c] + epsilon);
          std::ranges::transform(from.subspan(c * row, row), to.subspan(c * row, row).begin(),
                                 [=](float value) { return value * scale; });
          const float before = bias ? elements(bias)[c] : 0.0F;
          elements(folded.bias)[c] =
              elements(bound.bias.value)[c] + (before - elements(bound.mean.value)[c]) * scale;
        }
      });
  return folded;
}

Value BatchNormLayer::plan(PlanBuilder& builder, const Value& input) const {
  const bool relu = builder.step().relu;
  Value output = builder.make_value(input.value.get_desc());
  output.overwritable = true;
  if (builder.training())
    plan_training(builder, options_, as_images(input), as_images(output), relu);
  else
    plan_inference(builder, options_, as_images(input), as_images(output), relu);
  return output;
}

}  // namespace digitry
