#pragma once

#include <bit>
#include <cstdint>

namespace digitry::kernels {

/// The upper half of a float32: the same range, 8 bits of precision. Storage only; sums and
/// products are made in float32.
struct BFloat16 {
  std::uint16_t bits = 0;
};

inline float to_float(BFloat16 value) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(value.bits) << 16);
}

/// Rounds to the nearest, ties to even. Wants a number, not NaN.
inline BFloat16 to_bfloat16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  return {static_cast<std::uint16_t>((bits + 0x7FFF + (bits >> 16 & 1)) >> 16)};
}

}  // namespace digitry::kernels
