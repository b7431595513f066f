#pragma once

#include <cstdint>
#include <dnnl.hpp>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "digitry/nn/layer.h"
#include "digitry/nn/parameter_arena.h"
#include "digitry/tensor/tensor.h"

namespace digitry {

/// What may change from one step to the next.
struct StepContext {
  std::uint64_t seed = 0;
  std::uint32_t step = 0;  ///< Of the whole training, from 0.
};

enum class Direction { kForward, kBackwardData, kBackwardWeights };

/// One call of one kernel on fixed memory.
struct Operation {
  std::string layer;  ///< "1 dense"
  Direction direction = Direction::kForward;
  std::string kernel;  ///< The implementation that runs: "brgemm:avx512_core".
  double flops = 0;    ///< Floating-point operations, a multiply-add counted as two.
  std::function<void(const StepContext&)> run;
};

/// Where the values between two layers live while a plan runs, for the whole batch.
struct Activation {
  dnnl::memory value;
  dnnl::memory gradient;  ///< Of the loss by `value`. Empty where nobody wants it.
  /// Whether the next layer may compute in place, provided that it keeps zeros zero and positive
  /// values positive or zeroed: the backward pass of the layer before still works then.
  bool overwritable = false;

  bool wants_gradient() const { return static_cast<bool>(gradient); }
};

/// Collects the operations of a network's layers for one batch size. Layers are planned first to
/// last; backward operations come to run last layer first.
class PlanBuilder {
 public:
  PlanBuilder(const std::vector<std::unique_ptr<Layer>>& layers, std::int64_t batch_size,
              bool training, ParameterArena& arena);

  std::int64_t batch_size() const { return batch_size_; }
  bool training() const { return training_; }
  std::uint32_t layer_index() const { return static_cast<std::uint32_t>(index_); }

  /// Plans all layers for images of `input_shape`; then gives memory to the arena.
  void plan_layers(const Shape& input_shape);

  /// True where the next layer is an L: its work is then the caller's, and it will not be planned.
  template <typename L>
  bool absorb_next() {
    if (index_ + 1 >= layers_.size() || !dynamic_cast<const L*>(layers_[index_ + 1].get()))
      return false;
    ++absorbed_;
    return true;
  }

  /// Memory that lives as long as the plan, zero at first.
  dnnl::memory make(const dnnl::memory::desc& layout);
  std::span<std::uint8_t> make_bytes(std::int64_t count);
  /// An activation, with a gradient where this plan trains and `with_gradient`.
  Activation make_activation(const dnnl::memory::desc& layout, bool with_gradient = true);
  /// `memory` itself where it has that layout already, else new memory.
  dnnl::memory make_like_or_same(const dnnl::memory& memory, const dnnl::memory::desc& layout);

  /// The parameter `name` of the layer being planned.
  ParameterArena::Bound parameter(const std::string& name, const Shape& shape,
                                  const dnnl::memory::desc& preferred);

  void forward(std::string kernel, double flops, std::function<void(const StepContext&)> run);
  void backward(Direction direction, std::string kernel, double flops,
                std::function<void(const StepContext&)> run);
  /// Add a reorder; nothing where the two are the same memory.
  void forward_reorder(const dnnl::memory& from, const dnnl::memory& to);
  void backward_reorder(Direction direction, const dnnl::memory& from, const dnnl::memory& to);
  /// `activation` in row-major layout. A layer calls it on its input, before anything else.
  Activation plain(const Activation& activation);

  /// What was built.
  Activation input;
  Activation output;
  std::vector<Operation> forward_operations;
  std::vector<Operation> backward_operations;
  std::vector<Tensor> buffers;

 private:
  std::string layer_name() const;

  const std::vector<std::unique_ptr<Layer>>& layers_;
  std::int64_t batch_size_;
  bool training_;
  ParameterArena& arena_;
  std::size_t index_ = 0;
  std::size_t absorbed_ = 0;
  std::vector<Operation> layer_backward_;
  /// One group a layer (or conversion), first to last; run last to first.
  std::vector<std::vector<Operation>> backward_groups_;
};

}  // namespace digitry
