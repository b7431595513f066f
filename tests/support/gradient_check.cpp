#include "tests/support/gradient_check.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "digitry/base/parallel.h"
#include "tests/reference/reference.h"
#include "tests/support/near.h"
#include "tests/support/networks.h"
#include "tests/support/values.h"

namespace digitry::test {

Batch random_batch(const Network& network, std::int64_t batch_size, std::uint32_t stream) {
  return {.input = random_values(batch_size * network.input_shape().num_elements(), stream),
          .labels = random_labels(batch_size, network.num_classes(), stream)};
}

PlannedNetwork::PlannedNetwork(const Network& network, const Batch& batch,
                               const StepContext& context)
    : batch_(batch),
      context_(context),
      num_classes_(network.num_classes()),
      plan_(network, batch.size(), PlanMode::kTraining, arena_) {
  arena_.load(network.parameters());
}

double PlannedNetwork::forward_and_loss() {
  // Every time, because in-place layers may change the input.
  std::ranges::copy(batch_.input, plan_.input().begin());
  plan_.forward(context_);
  std::vector<float> losses(batch_.labels.size());
  kernels::reference::softmax_cross_entropy(plan_.logits(), batch_.labels, num_classes_,
                                            1.0F / static_cast<float>(batch_.size()), losses,
                                            plan_.logit_gradients());
  return std::accumulate(losses.begin(), losses.end(), 0.0) / static_cast<double>(batch_.size());
}

double PlannedNetwork::loss() { return forward_and_loss(); }

std::vector<Parameter> PlannedNetwork::gradients() {
  forward_and_loss();
  plan_.backward(context_);
  return arena_.store(arena_.gradients());
}

std::vector<float> finite_differences(std::span<float> values, double h,
                                      const std::function<double()>& loss) {
  std::vector<float> differences;
  for (float& value : values) {
    const float before = value;
    const auto at = [&](double x) {
      value = static_cast<float>(x);
      return loss();
    };
    const double above = at(before + h);
    const double below = at(before - h);
    value = before;
    differences.push_back(static_cast<float>((above - below) / (2 * h)));
  }
  return differences;
}

void check_gradients(const Network& network, const Batch& batch, const StepContext& context) {
  // Thousands of tiny passes, in which threads would only wait for each other.
  const ScopedNumThreads scope(1);
  PlannedNetwork planned(network, batch, context);
  const std::vector<Parameter> gradients = planned.gradients();
  // Row-major values that are loaded again for every difference, because only the arena knows
  // layouts.
  std::vector<Parameter> parameters;
  for (const Parameter& parameter : network.parameters())
    parameters.push_back({parameter.name, parameter.value.clone()});
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    SCOPED_TRACE("gradient by " + parameters[i].name);
    const auto want = finite_differences(parameters[i].value.as<float>(), 4e-3, [&] {
      planned.arena().load(parameters);
      return planned.loss();
    });
    ASSERT_EQ(gradients[i].name, parameters[i].name);
    expect_near(gradients[i].value.as<float>(), want, 2e-4, 5e-3);
  }
}

void check_gradients(const Shape& image, const std::vector<Attributes>& layers,
                     std::int64_t batch_size, std::uint32_t stream, const StepContext& context) {
  const Network network = random_network(image, 3, layers);
  check_gradients(network, random_batch(network, batch_size, stream), context);
}

}  // namespace digitry::test
