#include "digitry/training/gradient_sum.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string>

namespace digitry {
namespace {

// Smaller messages cost more in latency than their early start gains: 256 KiB.
constexpr std::size_t kBucketValues = std::size_t{1} << 16;

// 3 for "3.weight".
std::size_t layer_of(const std::string& parameter) {
  std::size_t layer = 0;
  std::from_chars(parameter.data(), parameter.data() + parameter.size(), layer);
  return layer;
}

// The last operation of a layer from `first_layer` on.
std::size_t last_operation(const Plan& plan, std::size_t first_layer) {
  std::size_t last = 0;
  for (std::size_t i = 0; i < plan.backward_operations().size(); ++i)
    if (plan.backward_operations()[i].layer_index >= first_layer) last = i;
  return last;
}

}  // namespace

GradientSum::GradientSum(Communicator& ranks, ParameterArena& arena, const Network& network)
    : ranks_(ranks), arena_(arena) {
  struct Weights {
    std::size_t offset;
    std::size_t layer;
  };
  const std::span<float> all = arena.gradients();
  std::vector<Weights> weights;
  for (const Parameter& parameter : network.parameters())
    if (parameter.value.shape().rank() >= 2)
      weights.push_back(
          {.offset = static_cast<std::size_t>(arena.part(all, parameter.name).data() - all.data()),
           .layer = layer_of(parameter.name)});
  std::ranges::sort(weights, std::ranges::greater(), &Weights::offset);
  // The arena has the weights of the last layer at the end, and they are complete first. Biases,
  // which follow all weights, are summed at the end.
  std::size_t end = arena.num_weight_values();
  std::size_t first_layer = network.layers().size();
  for (const auto& [offset, layer] : weights) {
    first_layer = std::min(first_layer, layer);
    if (end - offset < kBucketValues && offset != 0) continue;
    buckets_.push_back(
        {.gradients = all.subspan(offset, end - offset), .first_layer = first_layer});
    end = offset;
  }
  if (const auto rest = all.subspan(arena.num_weight_values()); !rest.empty())
    buckets_.push_back({.gradients = rest, .first_layer = 0});
}

void GradientSum::backward(Plan* plan, const StepContext& context) {
  if (ranks_.size() == 1) return plan->backward(context);
  if (plan == nullptr) {
    std::ranges::fill(arena_.gradients(), 0.0F);
    for (const Bucket& bucket : buckets_) ranks_.start_sum(bucket.gradients);
    return;
  }
  std::size_t next = 0;
  plan->backward(context, [&](std::size_t operation) {
    while (next < buckets_.size() && operation >= last_operation(*plan, buckets_[next].first_layer))
      ranks_.start_sum(buckets_[next++].gradients);
  });
}

}  // namespace digitry
