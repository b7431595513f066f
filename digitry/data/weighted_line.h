#pragma once

#include <cstdint>

namespace digitry {

/// to[x] += weight · from[x], x in [0, width).
void add_weighted_line(const float* from, float weight, std::int64_t width, float* to);

}  // namespace digitry
