#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "digitry/nn/layer.h"
#include "digitry/nn/onednn/primitive.h"
#include "digitry/nn/plan/fusion.h"
#include "digitry/nn/plan/parameter_slots.h"
#include "digitry/tensor/tensor.h"

namespace digitry {

/// Where the values between two layers live while a plan runs, for the whole batch.
struct Value {
  dnnl::memory value;
  dnnl::memory gradient;  ///< Of the loss by `value`. Empty where nobody wants it.
  /// Whether the next layer may compute in place, provided that it keeps zeros zero and positive
  /// values positive or zeroed: the backward pass of the layer before still works then.
  bool overwritable = false;

  bool wants_gradient() const { return static_cast<bool>(gradient); }
};

/// What a PlanBuilder makes: the operations of a network's layers and the memory they work in. It
/// refers to no layer.
struct PlanData {
  Value input;
  Value output;
  std::vector<Operation> prepare_operations;
  std::vector<Operation> forward_operations;
  std::vector<Operation> backward_operations;
  std::vector<Tensor> buffers;
};

/// Collects the operations of a network's layers for one batch size. Layers are planned first to
/// last; backward operations come to run last layer first. Internal: only plans and layers use it.
class PlanBuilder {
 public:
  PlanBuilder(const std::vector<std::unique_ptr<Layer>>& layers, FusionContext context,
              ParameterArena& arena);

  std::int64_t batch_size() const { return context_.batch_size; }
  bool training() const { return context_.training; }
  /// What the layer being planned has to compute besides itself.
  const FusedLayer& step() const { return *step_; }
  /// Type of the values between layers and of what products multiply; sums are float32.
  dnnl::memory::data_type compute_type() const;
  /// Whether the step being planned is the last.
  bool is_last() const { return step_ == &steps_.back(); }

  /// Plans all layers; then gives memory to the arena. To be called once, at the end of the
  /// builder's life.
  PlanData build();

  /// Memory that lives as long as the plan, zero at first.
  dnnl::memory make(const dnnl::memory::desc& layout);
  std::span<std::uint8_t> make_bytes(std::int64_t count);
  /// An activation, with a gradient where this plan trains and `with_gradient`.
  Value make_value(const dnnl::memory::desc& layout, bool with_gradient = true);
  /// `memory` itself where it has that layout already, else new memory.
  dnnl::memory make_like_or_same(const dnnl::memory& memory, const dnnl::memory::desc& layout);

  /// The parameter `name` of the layer being planned or, `behind` > 0, of the layer so many behind
  /// it, which is part of the same step.
  BoundParameter parameter(const std::string& name, const Shape& shape,
                           const dnnl::memory::desc& preferred, std::size_t behind = 0);

  /// `kernel` with its arguments and its share of the plan's scratchpad, which all kernels of the
  /// plan use in turn.
  onednn::BoundPrimitive bind(const dnnl::primitive_desc_base& kernel,
                              onednn::BoundPrimitive::Arguments arguments);

  /// Adds what depends on the parameters alone: run before the forward pass, once for each change
  /// of the parameters.
  void prepare(std::string kernel, std::function<void(const StepContext&)> run);
  void forward(std::string kernel, double flops, std::function<void(const StepContext&)> run);
  void backward(Direction direction, std::string kernel, double flops,
                std::function<void(const StepContext&)> run);
  /// Memory with what `from` holds in another layout or type: `from` itself, or a copy that is
  /// prepared from it.
  dnnl::memory prepared(const dnnl::memory& from, const dnnl::memory::desc& layout);
  /// Add a reorder; nothing where the two are the same memory.
  void forward_reorder(const dnnl::memory& from, const dnnl::memory& to);
  void backward_reorder(Direction direction, const dnnl::memory& from, const dnnl::memory& to);
  /// `activation` in another layout or type. A layer calls it on its input, before anything else,
  /// or on its output, at the very end.
  Value in_layout(const Value& activation, const dnnl::memory::desc& layout);
  /// The same in row-major layout.
  Value plain(const Value& activation);

  /// What went into the layer `layers_back` before this one. The caller reads its value and, where
  /// it has a gradient, adds to that by an operation of its own: `backward_into_skip`.
  const Value& skip(std::int64_t layers_back) const;
  /// Adds an operation that runs once the gradient of the main path by `skip(layers_back)` is
  /// there, and before anybody uses it.
  void backward_into_skip(std::int64_t layers_back, std::string kernel,
                          std::function<void(const StepContext&)> run);

 private:
  std::function<void(const StepContext&)> reorder_call(const dnnl::memory& from,
                                                       const dnnl::memory& to);
  void allocate_scratchpad();
  std::string layer_name() const;

  const std::vector<std::unique_ptr<Layer>>& layers_;
  FusionContext context_;
  std::vector<FusedLayer> steps_;
  const FusedLayer* step_ = nullptr;
  ParameterArena& arena_;
  PlanData data_;
  /// Without memory until the largest is known.
  std::vector<dnnl::memory> scratchpads_;
  std::vector<Operation> layer_backward_;
  /// One group per step (or conversion), first to last; run last to first.
  std::vector<std::vector<Operation>> backward_groups_;
  struct Skip {
    Value input;
    std::size_t group;  ///< Of backward_groups_, kept free for those who add to the gradient.
  };
  std::map<std::size_t, Skip> skips_;  ///< By layer.
};

}  // namespace digitry
