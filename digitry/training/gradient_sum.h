#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "digitry/base/communicator.h"
#include "digitry/nn/network.h"
#include "digitry/nn/parameter.h"
#include "digitry/nn/plan/plan.h"

namespace digitry {

/// Sums the gradients of all ranks. The sum of a layer starts as soon as the backward pass has
/// computed its gradients, while the layers before it are still computed.
/// Source: Li et al., "PyTorch distributed: experiences on accelerating data parallel training",
/// VLDB 2020 (gradients are sent in buckets).
class GradientSum {
 public:
  /// Expects an arena with a plan of the network; all of them must outlive this object.
  GradientSum(Communicator& ranks, ParameterArena& arena, const Network& network);

  /// Runs the backward pass of `plan` and starts the sums of all gradients. `plan` is empty if this
  /// rank has no image of the batch; its gradients are then zero. `Communicator::finish_sums` waits
  /// for them.
  void backward(Plan* plan, const StepContext& context);

 private:
  // A part of the gradients, complete when the layers from `first_layer` on are done.
  struct Bucket {
    std::span<float> gradients;
    std::size_t first_layer = 0;
  };

  Communicator& ranks_;
  ParameterArena& arena_;
  std::vector<Bucket> buckets_;  // In the order in which they are complete.
};

}  // namespace digitry
