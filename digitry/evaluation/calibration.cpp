#include "digitry/evaluation/calibration.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace digitry {
namespace {

constexpr std::size_t kNumBins = 15;
constexpr double kLowestTemperature = 0.05;
constexpr double kHighestTemperature = 20;

// Calls body(label, probabilities) for each image.
template <typename Body>
void for_each_image(const Tensor& logits, std::span<const std::int32_t> labels, double temperature,
                    const Body& body) {
  const auto num_classes = static_cast<std::size_t>(logits.shape()[1]);
  const auto values = logits.as<float>();
  std::vector<double> probabilities(num_classes);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const auto row = values.subspan(i * num_classes, num_classes);
    const double largest = *std::ranges::max_element(row);
    double sum = 0;
    for (std::size_t c = 0; c < num_classes; ++c)
      sum += probabilities[c] = std::exp((row[c] - largest) / temperature);
    for (double& probability : probabilities) probability /= sum;
    body(static_cast<std::size_t>(labels[i]), probabilities);
  }
}

// The mean −log p(true class), computed from logits, because a probability could round to 0.
double mean_loss(const Tensor& logits, std::span<const std::int32_t> labels,
                 std::span<const float> weights, double temperature) {
  const auto num_classes = static_cast<std::size_t>(logits.shape()[1]);
  const auto values = logits.as<float>();
  double total = 0;
  double total_weight = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const auto row = values.subspan(i * num_classes, num_classes);
    const double largest = *std::ranges::max_element(row);
    double sum = 0;
    for (const float logit : row) sum += std::exp((logit - largest) / temperature);
    const double weight = weights.empty() ? 1 : weights[i];
    total += weight *
             (std::log(sum) - (row[static_cast<std::size_t>(labels[i])] - largest) / temperature);
    total_weight += weight;
  }
  return total / total_weight;
}

}  // namespace

Calibration measure_calibration(const Tensor& logits, std::span<const std::int32_t> labels,
                                double temperature) {
  Calibration result;
  result.bins.resize(kNumBins);
  for (std::size_t b = 0; b < kNumBins; ++b) {
    result.bins[b].low = static_cast<double>(b) / kNumBins;
    result.bins[b].high = static_cast<double>(b + 1) / kNumBins;
  }
  for_each_image(logits, labels, temperature, [&](std::size_t label, const auto& probabilities) {
    const auto predicted = std::ranges::max_element(probabilities);
    const auto b = std::min(static_cast<std::size_t>(*predicted * kNumBins), kNumBins - 1);
    ReliabilityBin& bin = result.bins[b];
    ++bin.num_images;
    bin.confidence += *predicted;
    bin.accuracy += static_cast<std::size_t>(predicted - probabilities.begin()) == label ? 1 : 0;
    for (std::size_t c = 0; c < probabilities.size(); ++c) {
      const double error = probabilities[c] - (c == label ? 1 : 0);
      result.brier_score += error * error;
    }
  });
  const auto num_images = static_cast<double>(labels.size());
  for (ReliabilityBin& bin : result.bins) {
    if (bin.num_images == 0) continue;
    result.expected_calibration_error += std::fabs(bin.accuracy - bin.confidence) / num_images;
    bin.confidence /= static_cast<double>(bin.num_images);
    bin.accuracy /= static_cast<double>(bin.num_images);
  }
  result.brier_score /= num_images;
  result.negative_log_likelihood = mean_loss(logits, labels, {}, temperature);
  return result;
}

double fit_temperature(const Tensor& logits, std::span<const std::int32_t> labels,
                       std::span<const float> weights) {
  // The loss is convex in 1/T and so has one minimum along log T: golden-section search.
  constexpr double kGolden = 0.6180339887498949;
  constexpr int kIterations = 40;  // Narrows the range to 10⁻⁸ of its size.
  const auto loss = [&](double log_temperature) {
    return mean_loss(logits, labels, weights, std::exp(log_temperature));
  };
  double low = std::log(kLowestTemperature);
  double high = std::log(kHighestTemperature);
  double left = high - kGolden * (high - low);
  double right = low + kGolden * (high - low);
  double loss_left = loss(left);
  double loss_right = loss(right);
  for (int i = 0; i < kIterations; ++i) {
    if (loss_left < loss_right) {
      high = right;
      right = left;
      loss_right = loss_left;
      left = high - kGolden * (high - low);
      loss_left = loss(left);
    } else {
      low = left;
      left = right;
      loss_left = loss_right;
      right = low + kGolden * (high - low);
      loss_right = loss(right);
    }
  }
  return std::exp((low + high) / 2);
}

}  // namespace digitry
