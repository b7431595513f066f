#pragma once

#include <array>
#include <cstdint>

namespace digitry::cases {

/// Zero, one, sizes around a vector register, around a group of dropout (512) and its half, around
/// the share of one thread (8192), and a prime that two threads share.
inline constexpr std::array<std::int64_t, 15> kElementwiseSizes{
    0, 1, 15, 127, 129, 255, 256, 257, 511, 513, 1000, 8192, 8193, 16411, 100003};

inline constexpr std::array<std::int64_t, 2> kElementwiseSpeedSizes{128 * 512, 1 << 20};

inline constexpr std::array<float, 5> kDropoutRates{0.0F, 0.1F, 0.3F, 0.5F, 0.99F};

/// Rows and classes of softmax cross-entropy.
struct SoftmaxCase {
  std::int64_t batch_size;
  std::int64_t num_classes;
};

inline constexpr std::array kSoftmaxCases{
    SoftmaxCase{0, 10},  SoftmaxCase{1, 1},    SoftmaxCase{1, 2},     SoftmaxCase{3, 7},
    SoftmaxCase{32, 26}, SoftmaxCase{128, 10}, SoftmaxCase{17, 1000},
};

}  // namespace digitry::cases
