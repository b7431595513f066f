#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace digitry {

/// What may change from one step to the next.
struct StepContext {
  std::uint64_t seed = 0;
  std::uint32_t step = 0;  ///< Of the whole training, from 0.
};

enum class Direction { kPrepare, kForward, kBackwardData, kBackwardWeights, kBackward };

/// "prepare", "forward", "backward data", "backward weights", "backward" for both at once.
std::string to_string(Direction direction);

/// One call of one kernel on fixed memory.
struct Operation {
  std::string layer;  ///< "1 dense"
  Direction direction = Direction::kForward;
  std::string kernel;  ///< The implementation that runs: "brgemm:avx512_core".
  double flops = 0;    ///< Floating-point operations, a multiply-add counted as two.
  std::function<void(const StepContext&)> run;
};

}  // namespace digitry
