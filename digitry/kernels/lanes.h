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

/// Vectors of `Lanes` values. A kernel is one source, instantiated for the registers of each
/// instruction-set level: 4 lanes for the baseline, 8 for x86-64-v3, 16 for x86-64-v4. (Vectors
/// that are wider than a register do not stay in registers.) Functions take them by reference,
/// because how they are passed by value depends on the instruction set.
template <int Lanes>
struct VectorOf {
  using Float [[gnu::vector_size(4 * Lanes)]] = float;
  using Int [[gnu::vector_size(4 * Lanes)]] = std::int32_t;
  using Word [[gnu::vector_size(4 * Lanes)]] = std::uint32_t;
  using Half [[gnu::vector_size(2 * Lanes)]] = std::uint16_t;
  using Byte [[gnu::vector_size(Lanes)]] = std::uint8_t;
};
template <int Lanes>
using Vector = typename VectorOf<Lanes>::Float;
template <int Lanes>
using IntVector = typename VectorOf<Lanes>::Int;

/// Sixteen values in one cache line: loads and stores that cross lines take twice as long.
struct alignas(64) AlignedBlock {
  float values[kBlock] = {};
};

template <typename V>
DIGITRY_INLINE void load(const float* from, V& to) {
  std::memcpy(&to, from, sizeof(to));
}
template <typename V>
DIGITRY_INLINE void store(const V& from, float* to) {
  std::memcpy(to, &from, sizeof(from));
}

template <typename V>
DIGITRY_INLINE void load(const BFloat16* from, V& to) {
  using Types = VectorOf<sizeof(V) / sizeof(float)>;
  typename Types::Half halves;
  std::memcpy(&halves, &from->bits, sizeof(halves));
  const typename Types::Word words = __builtin_convertvector(halves, typename Types::Word) << 16;
  std::memcpy(&to, &words, sizeof(to));
}

/// Rounds as to_bfloat16 does.
template <typename V>
DIGITRY_INLINE void store(const V& from, BFloat16* to) {
  using Types = VectorOf<sizeof(V) / sizeof(float)>;
  typename Types::Word words;
  std::memcpy(&words, &from, sizeof(words));
  words = (words + 0x7FFF + (words >> 16 & 1)) >> 16;
  const typename Types::Half halves = __builtin_convertvector(words, typename Types::Half);
  std::memcpy(&to->bits, &halves, sizeof(halves));
}

/// Loads bytes and widens them.
template <typename V>
DIGITRY_INLINE void load(const std::uint8_t* from, V& to) {
  typename VectorOf<sizeof(V) / sizeof(std::int32_t)>::Byte bytes;
  std::memcpy(&bytes, from, sizeof(bytes));
  to = __builtin_convertvector(bytes, V);
}

template <typename V>
DIGITRY_INLINE void store(const V& from, std::uint8_t* to) {
  using Byte = typename VectorOf<sizeof(V) / sizeof(std::int32_t)>::Byte;
  const Byte bytes = __builtin_convertvector(from, Byte);
  std::memcpy(to, &bytes, sizeof(bytes));
}

/// to[i] = from[lanes[i]], lanes in [0, 16).
DIGITRY_INLINE void pick_lanes(const Vector<16>& from, const IntVector<16>& lanes, Vector<16>& to) {
#if defined(__clang__)
  for (int i = 0; i < kBlock; ++i) to[i] = from[lanes[i]];
#else
  to = __builtin_shuffle(from, lanes);
#endif
}

}  // namespace digitry::kernels
