#pragma once

#include <cstdint>

namespace digitry {

/// Longer inputs are refused (2 GiB).
inline constexpr std::uint64_t kMaxInputBytes = std::uint64_t{1} << 31;

/// Data sets and models of more classes are refused: their confusion matrix is this squared.
inline constexpr std::int32_t kMaxClasses = 1000;

/// Most passes over the training images, and most of whatever is counted in them.
inline constexpr std::int64_t kMaxEpochs = 1'000'000;

/// Most images of one step of training, or of one run of any plan.
inline constexpr std::int64_t kMaxBatchSize = 65536;

}  // namespace digitry
