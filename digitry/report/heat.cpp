#include "digitry/report/heat.h"

#include <algorithm>
#include <cmath>

namespace digitry {

int mistake_level(std::int64_t count, std::int64_t largest_count) {
  if (count <= 0) return 0;
  // With few mistakes at all, each stays pale.
  const double range = std::log(static_cast<double>(std::max<std::int64_t>(largest_count, 20)));
  const double part = std::log(static_cast<double>(count)) / range;
  return 1 + static_cast<int>(std::lround(part * (kHeatLevels - 1)));
}

int recall_level(double recall) {
  return recall <= 0 ? 0 : std::max(1, static_cast<int>(std::lround(recall * kHeatLevels)));
}

std::int64_t largest_mistake(const std::vector<std::vector<std::int64_t>>& confusion) {
  std::int64_t largest = 0;
  for (std::size_t label = 0; label < confusion.size(); ++label) {
    for (std::size_t predicted = 0; predicted < confusion.size(); ++predicted) {
      if (label != predicted) largest = std::max(largest, confusion[label][predicted]);
    }
  }
  return largest;
}

}  // namespace digitry
