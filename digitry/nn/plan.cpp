#include "digitry/nn/plan.h"

#include "digitry/base/error.h"
#include "digitry/kernels/onednn/primitive.h"

namespace digitry {
namespace onednn = kernels::onednn;
namespace {

constexpr std::int64_t kMaxBatchSize = 65536;

std::int64_t checked_batch_size(std::int64_t batch_size) {
  if (batch_size < 1 || batch_size > kMaxBatchSize)
    throw Error(ErrorCode::kInvalidArgument, "batch_size: want 1 to {}, got {}", kMaxBatchSize,
                batch_size);
  return batch_size;
}

}  // namespace

Plan::Plan(const Network& network, std::int64_t batch_size, PlanMode mode, ParameterArena& arena)
    : batch_size_(checked_batch_size(batch_size)),
      builder_(network.layers(), batch_size, mode == PlanMode::kTraining, arena) {
  try {
    builder_.plan_layers(network.input_shape());
  } catch (const dnnl::error& error) {
    throw Error(ErrorCode::kUnavailable, "oneDNN cannot plan this network: {}", error.what());
  }
}

std::span<float> Plan::input() { return onednn::elements(builder_.input.value); }

std::span<const float> Plan::logits() const { return onednn::elements(builder_.output.value); }

std::span<float> Plan::logit_gradients() { return onednn::elements(builder_.output.gradient); }

void Plan::forward(const StepContext& context) const {
  for (const Operation& operation : builder_.forward_operations) operation.run(context);
}

void Plan::backward(const StepContext& context) const {
  for (const Operation& operation : builder_.backward_operations) operation.run(context);
}

}  // namespace digitry
