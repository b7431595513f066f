#include "digitry/optim/weight_average.h"

#include <algorithm>

#include "digitry/kernels/optimizer_updates.h"

namespace digitry {

double average_decay(double decay, std::int64_t num_updates) {
  const auto n = static_cast<double>(num_updates);
  return std::min(decay, (1 + n) / (10 + n));
}

void update_weight_average(double decay, std::int64_t num_updates, std::span<const float> values,
                           std::span<float> average) {
  kernels::average_update(average_decay(decay, num_updates), values, average);
}

}  // namespace digitry
