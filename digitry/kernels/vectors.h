#pragma once

#include <cstdint>
#include <span>

namespace digitry {

/// Σ (a[i] − b[i])² over `count` values, in float32.
/// In plain loops: tests/reference/reference.h.
float squared_distance(const float* a, const float* b, std::int64_t count);

/// Σ a[i] · b[i] over `count` values, in float32.
/// In plain loops: tests/reference/reference.h.
float dot(const float* a, const float* b, std::int64_t count);

/// Divides the vector by its Euclidean length. A vector of zeros is left unchanged.
/// In plain loops: tests/reference/reference.h.
void normalize(std::span<float> vector);

}  // namespace digitry
