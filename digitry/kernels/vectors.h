#pragma once

#include <cstdint>
#include <span>

namespace digitry {

/// Σ (a[i] − b[i])².
float squared_distance(const float* a, const float* b, std::int64_t count);

/// Σ a[i] · b[i].
float dot(const float* a, const float* b, std::int64_t count);

/// Divides the vector by its length. One of zeros, which has no direction, stays.
void normalize(std::span<float> vector);

}  // namespace digitry
