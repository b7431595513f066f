#include "digitry/nn/layers/batch_norm.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <span>
#include <vector>

#include "digitry/base/communicator.h"
#include "digitry/base/error.h"
#include "digitry/kernels/batch_norm.h"
#include "digitry/nn/layers/activation.h"
#include "digitry/nn/onednn/kernels.h"
#include "digitry/nn/plan/channel_layout.h"
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

// Mean and variance in training, and the number of values per channel that they are of.
struct Moments {
  dnnl::memory mean, variance;
  std::shared_ptr<double> count;
};

// Doubles that ranks sum, allocated once.
using Sums = std::shared_ptr<std::vector<double>>;
Sums make_sums(std::size_t count) { return std::make_shared<std::vector<double>>(count); }

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

// Mean and variance over the images of all ranks, by one sum of Σx, Σx² and the number of values.
void plan_shared_moments(PlanBuilder& builder, Communicator& ranks, const Value& x,
                         const Moments& moments) {
  const kernels::ChannelLayout layout = *channel_layout(x.value.get_desc());
  const auto channels = static_cast<std::size_t>(layout.channels);
  builder.forward(
      "statistics of all ranks", 0,
      [=, &ranks, value = x.value, sums = make_sums(2 * channels + 1)](const StepContext& context) {
        const std::span all(*sums);
        std::ranges::fill(all, 0.0);
        if (context.in_batch) {
          onednn::with_elements(
              [&](auto values) {
                kernels::sum_moments(layout, onednn::read_only(values), all.first(channels),
                                     all.subspan(channels, channels));
              },
              value);
          all.back() = static_cast<double>(layout.batch_size * layout.positions);
        }
        ranks.start_sum(all);
        ranks.finish_sums();
        *moments.count = all.back();
        for (std::size_t c = 0; c < channels; ++c) {
          const double mean = all[c] / all.back();
          elements(moments.mean)[c] = static_cast<float>(mean);
          elements(moments.variance)[c] =
              static_cast<float>(std::max(0.0, all[channels + c] / all.back() - mean * mean));
        }
      });
}

// oneDNN's backward pass for given statistics leaves out what passes through them:
//   weight / √(var + ε) / M · (Σ grad_y + x̂ · Σ grad_y · x̂), over the M values of all ranks.
// Both sums are the gradients of bias and weight.
void plan_shared_moments_backward(PlanBuilder& builder, Communicator& ranks, double epsilon,
                                  const Value& x, const Moments& moments, const BoundNorm& bound) {
  const kernels::ChannelLayout layout = *channel_layout(x.value.get_desc());
  const auto channels = static_cast<std::size_t>(layout.channels);
  const auto offset = builder.make(plain_layout({layout.channels}));
  const auto slope = builder.make(plain_layout({layout.channels}));
  builder.backward(
      Direction::kBackwardData, "statistics of all ranks", 0,
      [=, &ranks, sums = make_sums(2 * channels)](const StepContext& context) {
        const std::span all(*sums);
        std::ranges::copy(elements(bound.bias.gradient).first(channels), all.begin());
        std::ranges::copy(elements(bound.weight.gradient).first(channels),
                          all.subspan(channels).begin());
        ranks.start_sum(all);
        ranks.finish_sums();
        for (std::size_t c = 0; c < channels; ++c) {
          const double scale = 1 / std::sqrt(elements(moments.variance)[c] + epsilon);
          const double factor = elements(bound.weight.value)[c] * scale / *moments.count;
          elements(offset)[c] = static_cast<float>(factor * all[c]);
          elements(slope)[c] = static_cast<float>(factor * scale * all[channels + c]);
        }
        onednn::with_elements(
            [&](auto gradient, auto values) {
              if (context.in_batch)
                kernels::subtract_lines(layout,
                                        {elements(moments.mean), elements(offset), elements(slope)},
                                        onednn::read_only(values), gradient);
              else
                std::ranges::fill(gradient, typename decltype(gradient)::value_type{});
            },
            x.gradient, x.value);
      });
}

void plan_running_statistics(PlanBuilder& builder, const BatchNorm& options, const Moments& moments,
                             const BoundNorm& bound) {
  builder.forward(
      "running statistics", 0, [=, share = static_cast<float>(options.momentum)](auto&) {
        const auto move = [&](const dnnl::memory& running, const dnnl::memory& batch,
                              float factor) {
          const auto from = elements(batch);
          const auto to = elements(running);
          for (std::size_t c = 0; c < from.size(); ++c) to[c] += share * (factor * from[c] - to[c]);
        };
        const auto count = static_cast<float>(*moments.count);
        move(bound.mean.value, moments.mean, 1.0F);
        move(bound.variance.value, moments.variance, count > 1 ? count / (count - 1) : 1.0F);
      });
}

void plan_training(PlanBuilder& builder, const BatchNorm& options, const Value& x, const Value& y,
                   bool relu) {
  const auto layout = x.value.get_desc();
  const auto extents = onednn::extents_of(layout);
  const BoundNorm bound = bind(builder, extents[1], /*behind=*/0);
  const auto epsilon = static_cast<float>(options.epsilon);
  Communicator* const ranks = builder.batch_ranks();
  const auto kernel_flags =
      ranks == nullptr ? flags(relu) : flags(relu) | normalization_flags::use_global_stats;
  const auto forward =
      onednn::batch_norm_kernel(dnnl::prop_kind::forward_training, layout, epsilon, kernel_flags);
  const Moments moments{
      .mean = builder.make(plain_layout({extents[1]})),
      .variance = builder.make(plain_layout({extents[1]})),
      .count = std::make_shared<double>(static_cast<double>(extents[0] * extents[2] * extents[3]))};
  if (ranks != nullptr) plan_shared_moments(builder, *ranks, x, moments);
  const auto workspace = relu ? builder.make(forward.workspace_desc()) : dnnl::memory();
  builder.forward(forward.impl_info_str(), 0,
                  [call = builder.bind(forward, {{DNNL_ARG_SRC, x.value},
                                                 {DNNL_ARG_MEAN, moments.mean},
                                                 {DNNL_ARG_VARIANCE, moments.variance},
                                                 {DNNL_ARG_SCALE, bound.weight.value},
                                                 {DNNL_ARG_SHIFT, bound.bias.value},
                                                 {DNNL_ARG_WORKSPACE, workspace},
                                                 {DNNL_ARG_DST, y.value}})](auto&) { call(); });
  plan_running_statistics(builder, options, moments, bound);

  const auto backward = onednn::batch_norm_backward_kernel(forward, layout, epsilon, kernel_flags);
  // The kernel always computes the gradient of x, even if it is not needed.
  const auto x_gradient = x.needs_gradient() ? x.gradient : builder.make(layout);
  const auto shift = onednn::kBatchNormBackwardTakesShift ? bound.bias.value : dnnl::memory();
  builder.backward(Direction::kBackwardData, backward.impl_info_str(), 0,
                   [call = builder.bind(backward, {{DNNL_ARG_SRC, x.value},
                                                   {DNNL_ARG_MEAN, moments.mean},
                                                   {DNNL_ARG_VARIANCE, moments.variance},
                                                   {DNNL_ARG_SCALE, bound.weight.value},
                                                   {DNNL_ARG_SHIFT, shift},
                                                   {DNNL_ARG_WORKSPACE, workspace},
                                                   {DNNL_ARG_DIFF_DST, y.gradient},
                                                   {DNNL_ARG_DIFF_SRC, x_gradient},
                                                   {DNNL_ARG_DIFF_SCALE, bound.weight.gradient},
                                                   {DNNL_ARG_DIFF_SHIFT, bound.bias.gradient}})](
                       auto&) { call(); });
  if (ranks != nullptr && x.needs_gradient())
    plan_shared_moments_backward(builder, *ranks, options.epsilon, x, moments, bound);
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
  const bool readable = builder.batch_ranks() == nullptr ||
                        channel_layout(as_images(input.value).get_desc()).has_value();
  const Value x = readable ? input : builder.plain(input);
  Value output = builder.make_value(x.value.get_desc());
  output.overwritable = true;
  if (builder.training())
    plan_training(builder, options_, as_images(x), as_images(output), relu);
  else
    plan_inference(builder, options_, as_images(x), as_images(output), relu);
  return output;
}

}  // namespace digitry
