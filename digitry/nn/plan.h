#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "digitry/nn/network.h"
#include "digitry/nn/parameter_arena.h"
#include "digitry/nn/plan_builder.h"

namespace digitry {

enum class PlanMode { kInference, kTraining };

/// A network planned once for a batch size: kernels chosen and compiled, memory laid out. Running
/// it allocates no tensor. The arena holds the parameters and has to outlive the plan; the network
/// is not needed afterwards.
class Plan {
 public:
  Plan(const Network& network, std::int64_t batch_size, PlanMode mode, ParameterArena& arena);

  std::int64_t batch_size() const { return batch_size_; }

  /// Input of the whole batch, float32 [N, C, H, W], to be written before `forward`.
  std::span<float> input();
  /// Float32 [N, num_classes], valid after `forward`.
  std::span<const float> logits() const;
  /// Of the loss by the logits, to be written before `backward`.
  std::span<float> logit_gradients();

  void forward(const StepContext& context) const;
  /// Leaves the gradient by every parameter in the arena. Wants PlanMode::kTraining and `forward`
  /// with the same context before it.
  void backward(const StepContext& context) const;

  const std::vector<Operation>& forward_operations() const { return builder_.forward_operations; }
  const std::vector<Operation>& backward_operations() const { return builder_.backward_operations; }

 private:
  std::int64_t batch_size_;
  PlanBuilder builder_;
};

}  // namespace digitry
