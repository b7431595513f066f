#include "digitry/nn/plan/plan.h"

#include <chrono>

#include "digitry/base/error.h"
#include "digitry/base/limits.h"
#include "digitry/base/parallel.h"
#include "digitry/nn/cpu_info.h"
#include "digitry/nn/plan/plan_builder.h"

namespace digitry {
namespace {

std::int64_t checked_batch_size(std::int64_t batch_size) {
  if (batch_size < 1 || batch_size > kMaxBatchSize)
    throw Error(ErrorCode::kInvalidArgument, "batch_size: expected 1 to {}, got {}", kMaxBatchSize,
                batch_size);
  return batch_size;
}

Precision checked_precision(Precision precision) {
  if (precision == Precision::kBFloat16 && fastest_precision() != Precision::kBFloat16)
    throw Error(ErrorCode::kInvalidArgument,
                "precision bf16: expected a processor with instructions for bfloat16 (AVX-512 BF16 "
                "or AMX), found one without; use f32 or auto");
  return precision;
}

}  // namespace

std::string to_string(Direction direction) {
  switch (direction) {
    case Direction::kPrepare:
      return "prepare";
    case Direction::kForward:
      return "forward";
    case Direction::kBackwardData:
      return "backward data";
    case Direction::kBackwardWeights:
      return "backward weights";
    case Direction::kBackward:
      return "backward";
  }
  return {};
}

std::string to_string(Precision precision) {
  return precision == Precision::kFloat32 ? "f32" : "bf16";
}

Precision fastest_precision() {
  return has_native_bf16() ? Precision::kBFloat16 : Precision::kFloat32;
}

Precision parse_precision(const std::string& name) {
  if (name == "auto") return fastest_precision();
  if (name == "f32") return Precision::kFloat32;
  if (name == "bf16") return Precision::kBFloat16;
  throw Error(ErrorCode::kInvalidArgument, "precision: expected auto, f32 or bf16, got {}", name);
}

Plan::Plan(const Network& network, std::int64_t batch_size, PlanMode mode, ParameterArena& arena,
           Precision precision, Communicator* batch_ranks)
    : batch_size_(checked_batch_size(batch_size)),
      num_threads_(num_threads()),
      training_(mode == PlanMode::kTraining),
      arena_(arena) {
  network.check_complete();
  try {
    PlanBuilder builder(network.layers(),
                        {.input_shape = network.input_shape(),
                         .batch_size = batch_size,
                         .training = training_,
                         .precision = checked_precision(precision)},
                        arena, batch_ranks);
    data_ = std::make_unique<PlanData>(builder.build());
  } catch (const dnnl::error& error) {
    throw Error(ErrorCode::kUnavailable, "oneDNN cannot plan this network: {}", error.what());
  }
}

Plan::~Plan() = default;

const std::vector<Operation>& Plan::prepare_operations() const { return data_->prepare_operations; }
const std::vector<Operation>& Plan::forward_operations() const { return data_->forward_operations; }
const std::vector<Operation>& Plan::backward_operations() const {
  return data_->backward_operations;
}

std::span<float> Plan::input() { return onednn::elements(data_->input.value); }

std::span<const float> Plan::logits() const { return onednn::elements(data_->output.value); }

std::span<float> Plan::logit_gradients() { return onednn::elements(data_->output.gradient); }

void Plan::forward(const StepContext& context) {
  if (profile_) ++profile_->num_steps;
  if (training_ || prepared_version_ != arena_.version()) {
    run(data_->prepare_operations, context, profile_ ? &profile_->prepare : nullptr);
    prepared_version_ = arena_.version();
  }
  run(data_->forward_operations, context, profile_ ? &profile_->forward : nullptr);
}

void Plan::backward(const StepContext& context, const std::function<void(std::size_t)>& after) {
  run(data_->backward_operations, context, profile_ ? &profile_->backward : nullptr, after);
}

void Plan::run(const std::vector<Operation>& operations, const StepContext& context,
               std::vector<double>* seconds, const std::function<void(std::size_t)>& after) const {
  // Kernels have memory for the number of threads that they were planned for.
  const ScopedNumThreads scope(num_threads_);
  if (seconds == nullptr) {
    for (std::size_t i = 0; i < operations.size(); ++i) {
      operations[i].run(context);
      if (after) after(i);
    }
    return;
  }
  using Clock = std::chrono::steady_clock;
  seconds->resize(operations.size());
  Clock::time_point start = Clock::now();
  for (std::size_t i = 0; i < operations.size(); ++i) {
    operations[i].run(context);
    const Clock::time_point end = Clock::now();
    (*seconds)[i] += std::chrono::duration<double>(end - start).count();
    if (after) after(i);
    start = after ? Clock::now() : end;
  }
}

void Plan::start_profile() { profile_.emplace(); }

std::vector<OperationTime> Plan::profile() const {
  std::vector<OperationTime> rows;
  if (!profile_) return rows;
  const auto add = [&](const std::vector<Operation>& operations,
                       const std::vector<double>& seconds) {
    for (std::size_t i = 0; i < seconds.size(); ++i)
      rows.push_back({&operations[i], seconds[i], profile_->num_steps});
  };
  add(data_->prepare_operations, profile_->prepare);
  add(data_->forward_operations, profile_->forward);
  add(data_->backward_operations, profile_->backward);
  return rows;
}

}  // namespace digitry
