#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

#include "digitry/base/vectorize.h"

namespace digitry::kernels {

/// The upper half of a float32: the same range, 8 bits of precision. For storage only; computations
/// use float32.
struct BFloat16 {
  std::uint16_t bits = 0;
};

inline float to_float(BFloat16 value) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(value.bits) << 16);
}

/// Rounds to the nearest, ties to even. Expects a number, not NaN.
inline BFloat16 to_bfloat16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  return {static_cast<std::uint16_t>((bits + 0x7FFF + (bits >> 16 & 1)) >> 16)};
}

/// The number of adjacent channels in blocked layouts, [N, C/16, H, W, 16].
constexpr std::int64_t kBlock = 16;

/// Sixteen values in one AVX-512 register or in several smaller ones.
using Vector16 [[gnu::vector_size(64)]] = float;
using Indices16 [[gnu::vector_size(64)]] = std::int32_t;

/// Sixteen values in one cache line: loads and stores that cross lines take twice as long.
struct alignas(sizeof(Vector16)) AlignedBlock {
  float values[kBlock] = {};
};

DIGITRY_INLINE void load(const float* from, Vector16& to) { std::memcpy(&to, from, sizeof(to)); }
DIGITRY_INLINE void store(const Vector16& from, float* to) { std::memcpy(to, &from, sizeof(from)); }

DIGITRY_INLINE void load(const BFloat16* from, Vector16& to) {
  using Halves [[gnu::vector_size(32)]] = std::uint16_t;
  using Words [[gnu::vector_size(64)]] = std::uint32_t;
  Halves halves;
  std::memcpy(&halves, &from->bits, sizeof(halves));
  const Words words = __builtin_convertvector(halves, Words) << 16;
  std::memcpy(&to, &words, sizeof(to));
}

/// Rounds as to_bfloat16 does.
DIGITRY_INLINE void store(const Vector16& from, BFloat16* to) {
  using Halves [[gnu::vector_size(32)]] = std::uint16_t;
  using Words [[gnu::vector_size(64)]] = std::uint32_t;
  Words words;
  std::memcpy(&words, &from, sizeof(words));
  words = (words + 0x7FFF + (words >> 16 & 1)) >> 16;
  const Halves halves = __builtin_convertvector(words, Halves);
  std::memcpy(&to->bits, &halves, sizeof(halves));
}

/// to[i] = from[lanes[i]], lanes in [0, 16).
DIGITRY_INLINE void pick_lanes(const Vector16& from, const Indices16& lanes, Vector16& to) {
#if defined(__clang__)
  for (int i = 0; i < kBlock; ++i) to[i] = from[lanes[i]];
#else
  to = __builtin_shuffle(from, lanes);
#endif
}

/// Loads sixteen bytes and widens them.
DIGITRY_INLINE void load(const std::uint8_t* from, Indices16& to) {
  using Bytes [[gnu::vector_size(16)]] = std::uint8_t;
  Bytes bytes;
  std::memcpy(&bytes, from, sizeof(bytes));
  to = __builtin_convertvector(bytes, Indices16);
}

DIGITRY_INLINE void store(const Indices16& from, std::uint8_t* to) {
  using Bytes [[gnu::vector_size(16)]] = std::uint8_t;
  const Bytes bytes = __builtin_convertvector(from, Bytes);
  std::memcpy(to, &bytes, sizeof(bytes));
}

}  // namespace digitry::kernels
