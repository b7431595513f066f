#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "digitry/nn/network.h"
#include "digitry/nn/plan/plan.h"

namespace digitry::test {

/// A labelled batch of network input.
struct Batch {
  std::vector<float> input;
  std::vector<std::int32_t> labels;
  std::int64_t size() const { return std::ssize(labels); }
};

/// Standard normal input with the shape of `network`, and random labels.
Batch random_batch(const Network& network, std::int64_t batch_size, std::uint32_t stream);

/// A network with its training plan for one batch.
class PlannedNetwork {
 public:
  PlannedNetwork(const Network& network, const Batch& batch, const StepContext& context = {});

  ParameterArena& arena() { return arena_; }
  Plan& plan() { return plan_; }

  /// Mean softmax cross-entropy of the batch, by the reference kernel, with the parameters of the
  /// arena.
  double loss();
  /// The loss and its gradient with respect to every parameter.
  std::vector<Parameter> gradients();

 private:
  double forward_and_loss();

  Batch batch_;
  StepContext context_;
  std::int64_t num_classes_;
  ParameterArena arena_{/*with_gradients=*/true};
  Plan plan_;
};

/// Central differences (f(x + h) − f(x − h)) / 2h of `loss` with respect to each of `values`, which
/// are restored.
std::vector<float> finite_differences(std::span<float> values, double h,
                                      const std::function<double()>& loss);

/// Checks the gradient with respect to every parameter of `network` against finite differences.
/// Inputs of a ReLU must differ from 0 by more than a change of `h` can move them.
void check_gradients(const Network& network, const Batch& batch, const StepContext& context = {});

/// The same for layers on images of three classes, with random parameters and a random batch.
void check_gradients(const Shape& image, const std::vector<Attributes>& layers,
                     std::int64_t batch_size, std::uint32_t stream,
                     const StepContext& context = {});

}  // namespace digitry::test
