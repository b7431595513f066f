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
#include "digitry/nn/operation.h"
#include "digitry/nn/parameter_slots.h"
#include "digitry/tensor/tensor.h"

namespace digitry {

/// Where the values between two layers live while a plan runs, for the whole batch.
struct Activation {
  dnnl::memory value;
  dnnl::memory gradient;  ///< Of the loss by `value`. Empty where nobody wants it.
  /// Whether the next layer may compute in place, provided that it keeps zeros zero and positive
  /// values positive or zeroed: the backward pass of the layer before still works then.
  bool overwritable = false;
  /// The layer before left its ReLU's backward pass to the next layer, which has promised it
  /// (PlanBuilder::relu_left_to_next): the gradient is to be zero where `value` is.
  bool relu_owed = false;

  bool wants_gradient() const { return static_cast<bool>(gradient); }
};

/// What a PlanBuilder makes: the operations of a network's layers and the memory they work in. It
/// refers to no layer.
struct PlanData {
  Activation input;
  Activation output;
  std::vector<Operation> prepare_operations;
  std::vector<Operation> forward_operations;
  std::vector<Operation> backward_operations;
  std::vector<Tensor> buffers;
};

/// Collects the operations of a network's layers for one batch size. Layers are planned first to
/// last; backward operations come to run last layer first. Internal: only plans and layers use it.
class PlanBuilder {
 public:
  PlanBuilder(const std::vector<std::unique_ptr<Layer>>& layers, std::int64_t batch_size,
              bool training, dnnl::memory::data_type compute_type, ParameterArena& arena);

  std::int64_t batch_size() const { return batch_size_; }
  bool training() const { return training_; }
  std::uint32_t layer_index() const { return static_cast<std::uint32_t>(index_); }
  /// Type of the values between layers and of what products multiply; sums are float32.
  dnnl::memory::data_type compute_type() const { return compute_type_; }
  /// True where the layer being planned, with what it absorbed, is the last.
  bool is_last() const { return next() >= layers_.size(); }

  /// Plans all layers for images of `input_shape`; then gives memory to the arena. To be called
  /// once, at the end of the builder's life.
  PlanData build(const Shape& input_shape);

  /// The next layer, or the one so many behind it, where it is an L and nobody else needs its
  /// input. Else null.
  template <typename L>
  const L* next_layer(std::size_t behind = 0) const {
    const std::size_t index = next() + behind;
    if (index >= layers_.size() || has_reader(index)) return nullptr;
    return dynamic_cast<const L*>(layers_[index].get());
  }
  /// The same of the next layer, whose work is then the caller's: it will not be planned.
  template <typename L>
  const L* absorb_next() {
    const L* layer = next_layer<L>();
    if (layer != nullptr) ++absorbed_;
    return layer;
  }
  /// Whether the layer being planned may leave the backward pass of a ReLU it absorbed to the next
  /// layer: that is one which makes the values fewer first, and nobody else reads them.
  bool relu_left_to_next() const;

  /// Memory that lives as long as the plan, zero at first.
  dnnl::memory make(const dnnl::memory::desc& layout);
  std::span<std::uint8_t> make_bytes(std::int64_t count);
  /// An activation, with a gradient where this plan trains and `with_gradient`.
  Activation make_activation(const dnnl::memory::desc& layout, bool with_gradient = true);
  /// `memory` itself where it has that layout already, else new memory.
  dnnl::memory make_like_or_same(const dnnl::memory& memory, const dnnl::memory::desc& layout);

  /// The parameter `name` of the layer being planned or, `absorbed` > 0, of the layer that it
  /// absorbed as the first, second…
  BoundParameter parameter(const std::string& name, const Shape& shape,
                           const dnnl::memory::desc& preferred, std::size_t absorbed = 0);

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
  Activation in_layout(const Activation& activation, const dnnl::memory::desc& layout);
  /// The same in row-major layout.
  Activation plain(const Activation& activation);

  /// What went into the layer `layers_back` before this one. The caller reads its value and, where
  /// it has a gradient, adds to that by an operation of its own: `backward_into_skip`.
  const Activation& skip(std::int64_t layers_back) const;
  /// Adds an operation that runs once the gradient of the main path by `skip(layers_back)` is
  /// there, and before anybody uses it.
  void backward_into_skip(std::int64_t layers_back, std::string kernel,
                          std::function<void(const StepContext&)> run);

 private:
  std::function<void(const StepContext&)> reorder_call(const dnnl::memory& from,
                                                       const dnnl::memory& to);
  void allocate_scratchpad();
  std::string layer_name() const;
  std::size_t next() const { return index_ + 1 + absorbed_; }
  /// Whether a later layer reads what goes into layer `index` as its second input.
  bool has_reader(std::size_t index) const;

  const std::vector<std::unique_ptr<Layer>>& layers_;
  std::int64_t batch_size_;
  bool training_;
  dnnl::memory::data_type compute_type_;
  ParameterArena& arena_;
  PlanData data_;
  /// Without memory until the largest is known.
  std::vector<dnnl::memory> scratchpads_;
  std::size_t index_ = 0;
  std::size_t absorbed_ = 0;
  std::vector<Operation> layer_backward_;
  /// One group a layer (or conversion), first to last; run last to first.
  std::vector<std::vector<Operation>> backward_groups_;
  struct Skip {
    Activation input;
    std::size_t group;  ///< Of backward_groups_, kept free for those who add to the gradient.
  };
  std::map<std::size_t, Skip> skips_;  ///< By layer.
};

}  // namespace digitry
