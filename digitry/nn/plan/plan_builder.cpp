#include "digitry/nn/plan/plan_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "digitry/base/vectorize.h"
#include "digitry/nn/onednn/kernels.h"

namespace digitry {
using onednn::DataType;

namespace {

// Of Digitry's own kernels with vectors, "digitry:...", a profile also shows the instruction set,
// as oneDNN's names do.
std::string with_level(std::string kernel) {
  if (kernel.starts_with("digitry:")) kernel += ":" + to_string(vector_level());
  return kernel;
}

}  // namespace

PlanBuilder::PlanBuilder(const std::vector<std::unique_ptr<Layer>>& layers, FusionContext context,
                         ParameterArena& arena, Communicator* batch_ranks)
    : layers_(layers),
      context_(std::move(context)),
      steps_(fuse(layers, context_)),
      arena_(arena),
      batch_ranks_(batch_ranks) {}

DataType PlanBuilder::compute_type() const {
  return context_.precision == Precision::kBFloat16 ? DataType::bf16 : DataType::f32;
}

PlanData PlanBuilder::build() {
  Value& input = data_.input;
  Value& output = data_.output;
  // The gradient of the pixels is not needed, so the first layer does not compute it.
  input = make_value(onednn::plain_layout(context_.input_shape.with_batch(batch_size()).extents()),
                     /*with_gradient=*/false);
  input.overwritable = true;
  output = input;
  for (const FusedLayer& step : steps_) {
    step_ = &step;
    layer_backward_.clear();
    why_.clear();
    if (is_read_later(layers_, step.index)) {
      output.overwritable = false;
      skips_[step.index] = {.input = output, .group = backward_groups_.size()};
      backward_groups_.emplace_back();
    }
    output = step.layer->plan(*this, output);
    backward_groups_.push_back(std::exchange(layer_backward_, {}));
  }
  output = in_layout(output, onednn::plain_layout(onednn::extents_of(output.value)));
  std::ranges::reverse(backward_groups_);
  for (auto& group : backward_groups_)
    std::ranges::move(group, std::back_inserter(data_.backward_operations));
  arena_.slots().allocate();
  allocate_scratchpad();
  return std::move(data_);
}

onednn::BoundPrimitive PlanBuilder::bind(const dnnl::primitive_desc_base& kernel,
                                         onednn::BoundPrimitive::Arguments arguments) {
  const dnnl::memory::desc layout = kernel.scratchpad_desc();
  if (layout.get_size() > 0) {
    scratchpads_.emplace_back(layout, onednn::cpu_engine(), nullptr);
    arguments.emplace_back(DNNL_ARG_SCRATCHPAD, scratchpads_.back());
  }
  return {kernel, arguments};
}

void PlanBuilder::allocate_scratchpad() {
  std::size_t size = 0;
  for (const dnnl::memory& scratchpad : scratchpads_)
    size = std::max(size, scratchpad.get_desc().get_size());
  if (size == 0) return;
  std::byte* const memory =
      data_.buffers.emplace_back(Shape{static_cast<std::int64_t>(size)}, DType::kU8).data();
  for (const dnnl::memory& scratchpad : scratchpads_) scratchpad.set_data_handle(memory);
}

std::function<void(const StepContext&)> PlanBuilder::reorder_call(const dnnl::memory& from,
                                                                  const dnnl::memory& to) {
  return [call = bind(onednn::reorder_kernel(from, to),
                      {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}})](auto&) { call(); };
}

dnnl::memory PlanBuilder::make(const dnnl::memory::desc& layout) {
  Tensor& buffer =
      data_.buffers.emplace_back(Shape{static_cast<std::int64_t>(layout.get_size())}, DType::kU8);
  return {layout, onednn::cpu_engine(), buffer.data()};
}

std::span<std::uint8_t> PlanBuilder::make_bytes(std::int64_t count) {
  return data_.buffers.emplace_back(Shape{count}, DType::kU8).as<std::uint8_t>();
}

Value PlanBuilder::make_value(const dnnl::memory::desc& layout, bool with_gradient) {
  Value activation;
  activation.value = make(layout);
  if (training() && with_gradient) activation.gradient = make(layout);
  return activation;
}

dnnl::memory PlanBuilder::make_like_or_same(const dnnl::memory& memory,
                                            const dnnl::memory::desc& layout) {
  return memory.get_desc() == layout ? memory : make(layout);
}

BoundParameter PlanBuilder::parameter(const std::string& name, const Shape& shape,
                                      const dnnl::memory::desc& preferred, std::size_t behind) {
  return arena_.slots().bind(fmt::format("{}.{}", step_->index + behind, name), shape, preferred);
}

Operation PlanBuilder::operation(Direction direction, std::string kernel, double flops,
                                 std::function<void(const StepContext&)> run) const {
  const bool is_reorder = kernel == "reorder";
  return {layer_name(),   direction,    with_level(std::move(kernel)),    flops,
          std::move(run), step_->index, is_reorder ? std::string() : why_};
}

void PlanBuilder::prepare(std::string kernel, std::function<void(const StepContext&)> run) {
  data_.prepare_operations.push_back(
      operation(Direction::kPrepare, std::move(kernel), 0, std::move(run)));
}

void PlanBuilder::forward(std::string kernel, double flops,
                          std::function<void(const StepContext&)> run) {
  data_.forward_operations.push_back(
      operation(Direction::kForward, std::move(kernel), flops, std::move(run)));
}

void PlanBuilder::backward(Direction direction, std::string kernel, double flops,
                           std::function<void(const StepContext&)> run) {
  layer_backward_.push_back(operation(direction, std::move(kernel), flops, std::move(run)));
}

dnnl::memory PlanBuilder::prepared(const dnnl::memory& from, const dnnl::memory::desc& layout) {
  if (from.get_desc() == layout) return from;
  dnnl::memory copy = make(layout);
  prepare("reorder", reorder_call(from, copy));
  return copy;
}

void PlanBuilder::forward_reorder(const dnnl::memory& from, const dnnl::memory& to) {
  if (from != to) forward("reorder", 0, reorder_call(from, to));
}

void PlanBuilder::backward_reorder(Direction direction, const dnnl::memory& from,
                                   const dnnl::memory& to) {
  if (from != to) backward(direction, "reorder", 0, reorder_call(from, to));
}

Value PlanBuilder::in_layout(const Value& activation, const dnnl::memory::desc& layout) {
  Value converted = activation;
  if (activation.value.get_desc() != layout) {
    converted.value = make(layout);
    converted.overwritable = true;
    forward_reorder(activation.value, converted.value);
  }
  if (activation.needs_gradient() && activation.gradient.get_desc() != layout) {
    converted.gradient = make(layout);
    // A separate group: it runs after the backward pass of the code that asked for this layout, and
    // before that of the operations that the layer has added so far.
    if (!layer_backward_.empty()) backward_groups_.push_back(std::exchange(layer_backward_, {}));
    backward_reorder(Direction::kBackwardData, converted.gradient, activation.gradient);
    backward_groups_.push_back(std::exchange(layer_backward_, {}));
  }
  return converted;
}

Value PlanBuilder::plain(const Value& activation) {
  const dnnl::memory::desc layout = activation.value.get_desc();
  return in_layout(activation,
                   onednn::plain_layout(onednn::extents_of(layout), onednn::type_of(layout)));
}

const Value& PlanBuilder::skip(std::int64_t layers_back) const {
  return skips_.at(step_->index - static_cast<std::size_t>(layers_back)).input;
}

void PlanBuilder::backward_into_skip(std::int64_t layers_back, std::string kernel,
                                     std::function<void(const StepContext&)> run) {
  const std::size_t group = skips_.at(step_->index - static_cast<std::size_t>(layers_back)).group;
  backward_groups_[group].push_back(
      {layer_name(), Direction::kBackwardData, std::move(kernel), 0, std::move(run), step_->index});
}

std::string PlanBuilder::layer_name() const {
  return fmt::format("{} {}", step_->index, step_->layer->type());
}

}  // namespace digitry
