#pragma once

#include <cstdint>

namespace digitry {

/// The longest input that is read (2 GiB).
inline constexpr std::uint64_t kMaxInputBytes = std::uint64_t{1} << 31;

/// The most classes of a data set or model: a confusion matrix has this number squared.
inline constexpr std::int32_t kMaxClasses = 1000;

/// The most networks of an ensemble.
inline constexpr std::int64_t kMaxNetworks = 1000;

/// The most epochs of a training, and the upper bound of options that are counted in epochs.
inline constexpr std::int64_t kMaxEpochs = 1'000'000;

/// The most images in one training step or one run of a plan.
inline constexpr std::int64_t kMaxBatchSize = 65536;

}  // namespace digitry
