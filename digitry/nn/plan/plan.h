#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "digitry/nn/network.h"
#include "digitry/nn/parameter.h"

namespace digitry {

/// Values that change from step to step.
struct StepContext {
  std::uint64_t seed = 0;
  std::uint32_t step = 0;  ///< Index in the whole training, from 0.
  /// Index in the batch of the plan's first image: not 0 if the plan computes a part of it.
  std::int64_t first_row = 0;
  /// Whether the plan's images are a part of the batch. If not, its rank has no image of the batch
  /// and only takes part in the sums of batch norm.
  bool in_batch = true;
};

enum class Direction { kPrepare, kForward, kBackwardData, kBackwardWeights, kBackward };

/// "prepare", "forward", "backward data", "backward weights", "backward" for both at once.
std::string to_string(Direction direction);

/// One call of one kernel on fixed memory.
struct Operation {
  std::string layer;  ///< "1 dense"
  Direction direction = Direction::kForward;
  /// The implementation that runs: "brgemm:avx512_core", "digitry:winograd_conv2d:x86-64-v3".
  std::string kernel;
  double flops = 0;  ///< Floating-point operations, a multiply-add counted as two.
  std::function<void(const StepContext&)> run;
  std::size_t layer_index = 0;  ///< Of `layer` in the network.
  std::string why = {};         ///< Why this kernel and no other; empty where there is no choice.
};

enum class PlanMode { kInference, kTraining };

/// Type of the values between layers and of the operands of matrix products. Sums, the optimizer's
/// weights, their gradients and the logits are always float32.
enum class Precision { kFloat32, kBFloat16 };

/// "f32", "bf16".
std::string to_string(Precision precision);
/// bfloat16 if the processor has instructions for it, else float32.
Precision fastest_precision();
/// Parses "f32", "bf16" or "auto" (the fastest). Throws Error{kInvalidArgument} for other names.
Precision parse_precision(const std::string& name);

/// Time of one operation, from Plan::profile.
struct OperationTime {
  const Operation* operation = nullptr;
  double seconds = 0;  ///< Sum over all steps.
  std::int64_t num_steps = 0;
};

/// Seconds of each operation of a plan, over `num_steps` steps; see Plan::profile.
struct PlanProfile {
  std::vector<double> prepare, forward, backward;
  std::int64_t num_steps = 0;
};

struct PlanData;
class Communicator;

/// A network planned once for one batch size: its kernels are chosen and compiled, and its memory
/// is allocated. Running it allocates no tensor. It may run on any thread, but on one at a time,
/// and uses as many threads as `num_threads()` returned when it was planned. The arena holds the
/// parameters and must outlive the plan; the network need not.
///
/// Signal handlers must not run on the stack of a thread that runs a plan: see "Signal handlers" in
/// docs/platforms.md.
class Plan {
 public:
  /// Throws Error{kInvalidArgument} if the batch size is outside [1, 65536] or the processor lacks
  /// the precision, Error{kShapeMismatch} if the arena is another network's, Error{kUnavailable} if
  /// oneDNN has no kernel, and what Network::check_complete throws.
  /// With `batch_ranks`, which must outlive the plan, batch norm in training takes mean and
  /// variance over the images of all of these ranks: `forward` and `backward` are then collective.
  Plan(const Network& network, std::int64_t batch_size, PlanMode mode, ParameterArena& arena,
       Precision precision = Precision::kFloat32, Communicator* batch_ranks = nullptr);
  ~Plan();

  std::int64_t batch_size() const { return batch_size_; }

  /// Input of the whole batch, float32 [N, C, H, W], to be written before `forward`.
  std::span<float> input();
  /// Float32 [N, num_classes], valid after `forward`.
  std::span<const float> logits() const;
  /// Gradient of the loss with respect to the logits, to be written before `backward`.
  std::span<float> logit_gradients();

  /// Computes the logits. In training every call uses the current parameters; in inference a change
  /// of them takes effect after ParameterArena::load.
  void forward(const StepContext& context);
  /// Computes the gradient with respect to every parameter, into the arena. Expects
  /// PlanMode::kTraining and `forward` with the same context before it.
  void backward(const StepContext& context) { backward(context, {}); }
  /// The same; calls `after(i)` when operation `i` of `backward_operations` is done.
  void backward(const StepContext& context, const std::function<void(std::size_t)>& after);

  const std::vector<Operation>& prepare_operations() const;
  const std::vector<Operation>& forward_operations() const;
  const std::vector<Operation>& backward_operations() const;

  /// Makes `forward` and `backward` add up the time of each operation from now on.
  void start_profile();
  /// One row per operation, in running order; empty without `start_profile`.
  std::vector<OperationTime> profile() const;

 private:
  void run(const std::vector<Operation>& operations, const StepContext& context,
           std::vector<double>* seconds, const std::function<void(std::size_t)>& after = {}) const;

  std::int64_t batch_size_;
  int num_threads_;
  bool training_;
  const ParameterArena& arena_;
  std::int64_t prepared_version_ = -1;
  std::unique_ptr<PlanData> data_;
  std::optional<PlanProfile> profile_;
};

}  // namespace digitry
