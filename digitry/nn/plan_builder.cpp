#include "digitry/nn/plan_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "digitry/kernels/onednn/primitive.h"

namespace digitry {
namespace onednn = kernels::onednn;

PlanBuilder::PlanBuilder(const std::vector<std::unique_ptr<Layer>>& layers, std::int64_t batch_size,
                         bool training, ParameterArena& arena)
    : layers_(layers), batch_size_(batch_size), training_(training), arena_(arena) {}

void PlanBuilder::plan_layers(const Shape& input_shape) {
  // Nobody wants the gradient by the pixels, so the first layer computes none.
  input = make_activation(onednn::plain_layout(input_shape.with_batch(batch_size_).extents()),
                          /*with_gradient=*/false);
  input.overwritable = true;
  output = input;
  for (index_ = 0; index_ < layers_.size(); index_ += 1 + absorbed_) {
    absorbed_ = 0;
    layer_backward_.clear();
    output = layers_[index_]->plan(*this, output);
    backward_groups_.push_back(std::exchange(layer_backward_, {}));
  }
  index_ = layers_.size() - 1;
  output = plain(output);
  std::ranges::reverse(backward_groups_);
  for (auto& group : backward_groups_)
    std::ranges::move(group, std::back_inserter(backward_operations));
  arena_.allocate();
}

dnnl::memory PlanBuilder::make(const dnnl::memory::desc& layout) {
  buffers.emplace_back(Shape{static_cast<std::int64_t>(layout.get_size() / sizeof(float))},
                       DType::kF32);
  return {layout, onednn::cpu_engine(), buffers.back().data()};
}

std::span<std::uint8_t> PlanBuilder::make_bytes(std::int64_t count) {
  return buffers.emplace_back(Shape{count}, DType::kU8).as<std::uint8_t>();
}

Activation PlanBuilder::make_activation(const dnnl::memory::desc& layout, bool with_gradient) {
  Activation activation{.value = make(layout), .gradient = {}, .overwritable = false};
  if (training_ && with_gradient) activation.gradient = make(layout);
  return activation;
}

dnnl::memory PlanBuilder::make_like_or_same(const dnnl::memory& memory,
                                            const dnnl::memory::desc& layout) {
  return memory.get_desc() == layout ? memory : make(layout);
}

ParameterArena::Bound PlanBuilder::parameter(const std::string& name, const Shape& shape,
                                             const dnnl::memory::desc& preferred) {
  return arena_.bind(fmt::format("{}.{}", index_, name), shape, preferred);
}

void PlanBuilder::forward(std::string kernel, double flops,
                          std::function<void(const StepContext&)> run) {
  forward_operations.push_back(
      {layer_name(), Direction::kForward, std::move(kernel), flops, std::move(run)});
}

void PlanBuilder::backward(Direction direction, std::string kernel, double flops,
                           std::function<void(const StepContext&)> run) {
  layer_backward_.push_back({layer_name(), direction, std::move(kernel), flops, std::move(run)});
}

void PlanBuilder::forward_reorder(const dnnl::memory& from, const dnnl::memory& to) {
  if (from == to) return;
  forward("reorder", 0,
          [call = onednn::BoundPrimitive(dnnl::reorder(from, to),
                                         {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}})](auto&) {
            call();
          });
}

void PlanBuilder::backward_reorder(Direction direction, const dnnl::memory& from,
                                   const dnnl::memory& to) {
  if (from == to) return;
  backward(direction, "reorder", 0,
           [call = onednn::BoundPrimitive(dnnl::reorder(from, to),
                                          {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}})](auto&) {
             call();
           });
}

Activation PlanBuilder::plain(const Activation& activation) {
  const dnnl::memory::desc layout = onednn::plain_layout(activation.value.get_desc().dims());
  if (activation.value.get_desc() == layout) return activation;
  Activation plain = make_activation(layout, activation.wants_gradient());
  plain.overwritable = true;
  forward_reorder(activation.value, plain.value);
  if (plain.wants_gradient()) {
    // A group of its own: it runs after the backward pass of whoever asked for plain values.
    std::vector<Operation> layer = std::exchange(layer_backward_, {});
    backward_reorder(Direction::kBackwardData, plain.gradient, activation.gradient);
    backward_groups_.push_back(std::exchange(layer_backward_, std::move(layer)));
  }
  return plain;
}

std::string PlanBuilder::layer_name() const {
  return fmt::format("{} {}", index_, layers_[index_]->type());
}

}  // namespace digitry
