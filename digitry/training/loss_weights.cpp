#include "digitry/training/loss_weights.h"

#include <algorithm>
#include <cstddef>
#include <numeric>

#include "digitry/base/error.h"

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

std::vector<float> loss_weights(const Dataset& data, std::span<const std::int32_t> image_indices,
                                bool balanced) {
  check_weights(data.weights, data.num_images(), data.name);
  if (data.weights.empty() && !balanced) return {};
  std::vector<float> weights = data.weights;
  weights.resize(data.labels.size(), 1);
  if (balanced) {
    const std::vector<float> of_class = balanced_class_weights(data, image_indices);
    for (std::size_t i = 0; i < weights.size(); ++i)
      weights[i] *= of_class[static_cast<std::size_t>(data.labels[i])];
  }
  double sum = 0;
  for (const std::int32_t image : image_indices) sum += weights[static_cast<std::size_t>(image)];
  if (!(sum > 0))
    throw Error(ErrorCode::kBadData,
                "{}: expected a weight above 0 among the {} training images, found none", data.name,
                image_indices.size());
  const double factor = static_cast<double>(image_indices.size()) / sum;
  for (float& weight : weights) weight = static_cast<float>(weight * factor);
  return weights;
}

double weighted_mean(std::span<const float> values, std::span<const float> weights,
                     std::span<const std::int32_t> image_indices) {
  double total = 0;
  double sum = 0;
  for (std::size_t i = 0; !weights.empty() && i < values.size(); ++i) {
    const double weight = weights[static_cast<std::size_t>(image_indices[i])];
    total += weight * values[i];
    sum += weight;
  }
  if (sum > 0) return total / sum;
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

void apply_loss_weights(std::span<const float> weights, std::span<const std::int32_t> image_indices,
                        std::span<float> losses, std::span<float> logit_gradients) {
  const std::size_t classes = logit_gradients.size() / image_indices.size();
  for (std::size_t i = 0; i < image_indices.size(); ++i) {
    const float weight = weights[static_cast<std::size_t>(image_indices[i])];
    losses[i] *= weight;
    for (float& gradient : logit_gradients.subspan(i * classes, classes)) gradient *= weight;
  }
}

}  // namespace digitry
