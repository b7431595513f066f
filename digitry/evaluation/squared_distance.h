#pragma once

#include <cstdint>

namespace digitry {

/// Σ (a[i] − b[i])².
float squared_distance(const float* a, const float* b, std::int64_t count);

}  // namespace digitry
