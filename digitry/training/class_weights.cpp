#include "digitry/training/class_weights.h"

#include <algorithm>
#include <cstddef>

namespace digitry {

std::vector<float> balanced_class_weights(const Dataset& data,
                                          std::span<const std::int32_t> image_indices) {
  std::vector<double> counts(static_cast<std::size_t>(data.num_classes()));
  for (const std::int32_t image : image_indices)
    ++counts[static_cast<std::size_t>(data.labels[static_cast<std::size_t>(image)])];
  const auto used =
      static_cast<double>(std::ranges::count_if(counts, [](double count) { return count > 0; }));
  std::vector<float> weights;
  for (const double count : counts)
    weights.push_back(
        count > 0 ? static_cast<float>(static_cast<double>(image_indices.size()) / (used * count))
                  : 0);
  return weights;
}

void apply_class_weights(std::span<const float> class_weights, std::span<const std::int32_t> labels,
                         std::span<float> losses, std::span<float> logit_gradients) {
  const std::size_t classes = class_weights.size();
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const float weight = class_weights[static_cast<std::size_t>(labels[i])];
    losses[i] *= weight;
    for (float& gradient : logit_gradients.subspan(i * classes, classes)) gradient *= weight;
  }
}

}  // namespace digitry
