#pragma once

#include <algorithm>
#include <vector>

namespace digitry {

/// The value below which about this share, in [0, 1], of the values lies: number floor(share · (n −
/// 1)) in their order, from 0. Expects at least one value; reorders them.
template <typename Value>
Value quantile(std::vector<Value>& values, double share) {
  const auto place =
      values.begin() + static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), place, values.end());
  return *place;
}

/// The value in the middle, of an even number the upper of two. Expects at least one value;
/// reorders them.
template <typename Value>
Value median(std::vector<Value>& values) {
  const auto middle = values.begin() + std::ssize(values) / 2;
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace digitry
