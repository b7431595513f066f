#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace digitry {

/// Steps of the colour scales of a confusion matrix; level 0 is no colour.
constexpr int kHeatLevels = 8;

/// The level of a wrong cell: 0 for none, then by the logarithm of the count, so that one mistake
/// beside a hundred is still seen.
int mistake_level(std::int64_t count, std::int64_t largest_count);

/// The level of a right cell, by the class' recall.
int recall_level(double recall);

/// The most frequent mistake of a confusion matrix.
std::int64_t largest_mistake(const std::vector<std::vector<std::int64_t>>& confusion);

}  // namespace digitry
