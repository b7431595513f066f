#include "digitry/nn/plan/fusion.h"

#include "digitry/nn/layers/activation.h"
#include "digitry/nn/layers/conv2d.h"
#include "digitry/nn/layers/dense.h"
#include "digitry/nn/plan/pooled_conv2d.h"

namespace digitry {
namespace {

using Layers = std::vector<std::unique_ptr<Layer>>;

template <typename L>
const L* as(const Layer* layer) {
  return dynamic_cast<const L*>(layer);
}

// Walks over the layers from the first to the last.
class Fusion {
 public:
  Fusion(const Layers& layers, const FusionContext& context)
      : layers_(layers), context_(context), shape_(context.input_shape) {}

  std::vector<FusedLayer> steps() {
    while (next_ < layers_.size()) {
      FusedLayer step{.index = next_, .layer = take()};
      const bool has_weights = as<DenseLayer>(step.layer) || as<Conv2dLayer>(step.layer);
      if (has_weights && !context_.training) step.norm = take_if<BatchNormLayer>();
      if (has_weights || as<BatchNormLayer>(step.layer))
        step.relu = take_if<ReluLayer>() != nullptr;
      if (can_pool(step)) step.pool = take_if<Pool2dLayer>();
      step.defers_relu_backward = context_.training && has_weights && step.relu &&
                                  step.pool == nullptr && is_maximum(peek<Pool2dLayer>());
      step.does_deferred_relu = !steps_.empty() && steps_.back().defers_relu_backward;
      advance_to(next_);
      steps_.push_back(step);
    }
    return std::move(steps_);
  }

 private:
  const Layer* take() { return layers_[next_++].get(); }

  // The next layer, if it is an L and no later layer reads its input as well.
  template <typename L>
  const L* peek() const {
    if (next_ >= layers_.size() || is_read_later(layers_, next_)) return nullptr;
    return as<L>(layers_[next_].get());
  }
  template <typename L>
  const L* take_if() {
    const L* layer = peek<L>();
    if (layer != nullptr) ++next_;
    return layer;
  }

  static bool is_maximum(const Pool2dLayer* pool) {
    return pool != nullptr && pool->kind() == Pool2dLayer::Kind::kMax;
  }

  // Expects `shape_` to be the input of the step.
  bool can_pool(const FusedLayer& step) const {
    const auto* conv = as<Conv2dLayer>(step.layer);
    const auto* pool = peek<Pool2dLayer>();
    if (conv == nullptr || step.norm != nullptr || !step.relu || !is_maximum(pool)) return false;
    return supports_pooled_conv2d(*conv, *pool, shape_,
                                  {.batch_size = context_.batch_size,
                                   .precision = context_.precision,
                                   .training = context_.training,
                                   .with_input_gradient = context_.training && is_trained_});
  }

  void advance_to(std::size_t end) {
    for (; done_ < end; ++done_) {
      is_trained_ = is_trained_ || layers_[done_]->is_trained(shape_);
      shape_ = layers_[done_]->output_shape(shape_);
    }
  }

  const Layers& layers_;
  const FusionContext& context_;
  std::vector<FusedLayer> steps_;
  std::size_t next_ = 0;  // First layer that is not yet in a step.
  std::size_t done_ = 0;  // `shape_` is the input of this layer.
  Shape shape_;
  bool is_trained_ = false;  // Whether a layer before `done_` is trained.
};

}  // namespace

std::vector<FusedLayer> fuse(const Layers& layers, const FusionContext& context) {
  return Fusion(layers, context).steps();
}

bool is_read_later(const Layers& layers, std::size_t index) {
  for (std::size_t later = index + 1; later < layers.size(); ++later)
    if (static_cast<std::size_t>(layers[later]->layers_back()) == later - index) return true;
  return false;
}

}  // namespace digitry
