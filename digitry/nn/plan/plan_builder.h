#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "digitry/nn/layer.h"
#include "digitry/nn/onednn/primitive.h"
#include "digitry/nn/plan/fusion.h"
#include "digitry/nn/plan/parameter_slots.h"
#include "digitry/tensor/tensor.h"

namespace digitry {

/// The memory of the values between two layers, for the whole batch.
struct Value {
  dnnl::memory value;
  dnnl::memory gradient;  ///< Gradient of the loss with respect to `value`; empty if not needed.
  /// Whether the next layer may compute in place. It must then keep zeros zero, and positive values
  /// positive or zero, because the backward pass of the layer before depends on this.
  bool overwritable = false;

  bool needs_gradient() const { return static_cast<bool>(gradient); }
};

/// The result of a PlanBuilder: the operations of a network's layers and their memory. It holds no
/// reference to a layer.
struct PlanData {
  Value input;
  Value output;
  std::vector<Operation> prepare_operations;
  std::vector<Operation> forward_operations;
  std::vector<Operation> backward_operations;
  std::vector<Tensor> buffers;
};

/// Collects the operations of a network's layers for one batch size. Layers are planned from first
/// to last; backward operations run from the last layer to the first. Internal: only plans and
/// layers use it.
class PlanBuilder {
 public:
  PlanBuilder(const std::vector<std::unique_ptr<Layer>>& layers, FusionContext context,
              ParameterArena& arena, Communicator* batch_ranks = nullptr);

  std::int64_t batch_size() const { return context_.batch_size; }
  bool training() const { return context_.training; }
  /// The layer being planned, and what is fused with it.
  const FusedLayer& step() const { return *step_; }
  Precision precision() const { return context_.precision; }
  /// The ranks over whose images batch norm takes mean and variance; null: over those of this plan.
  Communicator* batch_ranks() const { return batch_ranks_; }
  /// Type of the values between layers and of the operands of products; sums are float32.
  dnnl::memory::data_type compute_type() const;
  /// Whether the step being planned is the last.
  bool is_last() const { return step_ == &steps_.back(); }

  /// Plans all layers, then allocates the arena's memory. To be called once, as the last call.
  PlanData build();

  /// Memory that lives as long as the plan, initially zero.
  dnnl::memory make(const dnnl::memory::desc& layout);
  std::span<std::uint8_t> make_bytes(std::int64_t count);
  /// Memory for values, with a gradient if the plan is for training and `with_gradient` is true.
  Value make_value(const dnnl::memory::desc& layout, bool with_gradient = true);
  /// `memory` itself if it already has that layout, else new memory.
  dnnl::memory make_like_or_same(const dnnl::memory& memory, const dnnl::memory::desc& layout);

  /// The parameter `name` of the layer being planned or, if `behind` > 0, of the layer that many
  /// after it, which must be part of the same step.
  BoundParameter parameter(const std::string& name, const Shape& shape,
                           const dnnl::memory::desc& preferred, std::size_t behind = 0);

  /// Binds `kernel` to its arguments and to the plan's scratchpad, which all kernels of the plan
  /// share.
  onednn::BoundPrimitive bind(const dnnl::primitive_desc_base& kernel,
                              onednn::BoundPrimitive::Arguments arguments);

  /// Why the layer being planned has the kernels of its next operations; for profiles.
  void because(std::string why) { why_ = std::move(why); }

  /// Adds an operation that depends on the parameters only. It runs before the forward pass, once
  /// per change of the parameters.
  void prepare(std::string kernel, std::function<void(const StepContext&)> run);
  /// Add an operation of the forward or the backward pass.
  void forward(std::string kernel, double flops, std::function<void(const StepContext&)> run);
  void backward(Direction direction, std::string kernel, double flops,
                std::function<void(const StepContext&)> run);
  /// The values of `from` in another layout or type: `from` itself if it has that layout, else a
  /// copy that a prepare operation updates.
  dnnl::memory prepared(const dnnl::memory& from, const dnnl::memory::desc& layout);
  /// Add a reorder, unless the two are the same memory.
  void forward_reorder(const dnnl::memory& from, const dnnl::memory& to);
  void backward_reorder(Direction direction, const dnnl::memory& from, const dnnl::memory& to);
  /// `activation` in another layout or type. A layer calls it on its input before anything else, or
  /// on its output at the very end.
  Value in_layout(const Value& activation, const dnnl::memory::desc& layout);
  /// The same in row-major layout.
  Value plain(const Value& activation);

  /// The input of the layer `layers_back` before this one. The caller reads its value. If it has a
  /// gradient, the caller adds to that gradient with `backward_into_skip`.
  const Value& skip(std::int64_t layers_back) const;
  /// Adds an operation that runs after the main path has computed the gradient of
  /// `skip(layers_back)`, and before that gradient is used.
  void backward_into_skip(std::int64_t layers_back, std::string kernel,
                          std::function<void(const StepContext&)> run);

 private:
  Operation operation(Direction direction, std::string kernel, double flops,
                      std::function<void(const StepContext&)> run) const;
  std::function<void(const StepContext&)> reorder_call(const dnnl::memory& from,
                                                       const dnnl::memory& to);
  void allocate_scratchpad();
  std::string layer_name() const;

  const std::vector<std::unique_ptr<Layer>>& layers_;
  FusionContext context_;
  std::vector<FusedLayer> steps_;
  const FusedLayer* step_ = nullptr;
  std::string why_;
  ParameterArena& arena_;
  Communicator* batch_ranks_;
  PlanData data_;
  /// Have no memory until the largest size is known.
  std::vector<dnnl::memory> scratchpads_;
  std::vector<Operation> layer_backward_;
  /// One group per step (or conversion), first to last; run last to first.
  std::vector<std::vector<Operation>> backward_groups_;
  struct Skip {
    Value input;
    std::size_t group;  ///< Index in backward_groups_, for operations that add to the gradient.
  };
  std::map<std::size_t, Skip> skips_;  ///< By layer.
};

}  // namespace digitry
