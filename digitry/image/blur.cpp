#include "digitry/image/blur.h"

#include <algorithm>
#include <cmath>

#include "digitry/base/vectorize.h"

namespace digitry {
namespace {

DIGITRY_INLINE void add_weighted(const float* __restrict from, float weight, std::int64_t width,
                                 float* __restrict to) {
  for (std::int64_t x = 0; x < width; ++x) to[x] += weight * from[x];
}

}  // namespace

void add_weighted_line(const float* from, float weight, std::int64_t width, float* to) {
  vectorized<add_weighted>(from, weight, width, to);
}

namespace {

std::vector<float> gaussian_weights(double sigma) {
  const std::int64_t radius = std::lround(4 * sigma);
  std::vector<double> exact;
  double sum = 0;
  for (std::int64_t k = -radius; k <= radius; ++k) {
    exact.push_back(std::exp(-0.5 * static_cast<double>(k * k) / (sigma * sigma)));
    sum += exact.back();
  }
  std::vector<float> weights;
  for (const double weight : exact) weights.push_back(static_cast<float>(weight / sum));
  return weights;
}

// to[x] = Σ_k weights[k] · from[k · step + x]
DIGITRY_INLINE void weighted_sum(const float* __restrict from, std::int64_t step,
                                 const float* __restrict weights, std::int64_t num_weights,
                                 std::int64_t width, float* __restrict to) {
  for (std::int64_t x = 0; x < width; ++x) to[x] = 0;
  for (std::int64_t k = 0; k < num_weights; ++k)
    for (std::int64_t x = 0; x < width; ++x) to[x] += weights[k] * from[k * step + x];
}

}  // namespace

GaussianBlur::GaussianBlur(ImageSize size, double sigma, Outside outside)
    : size_(size),
      outside_(outside),
      weights_(gaussian_weights(sigma)),
      radius_(std::ssize(weights_) / 2),
      padded_(static_cast<std::size_t>(
          std::max((size.height + 2 * radius_) * size.width, size.width + 2 * radius_))) {}

void GaussianBlur::blur_columns(float* plane) {
  const std::int64_t width = size_.width;
  for (std::int64_t y = -radius_; y < size_.height + radius_; ++y) {
    float* row = padded_.data() + (y + radius_) * width;
    const std::int64_t inside = std::clamp<std::int64_t>(y, 0, size_.height - 1);
    if (outside_ == Outside::kZero && inside != y)
      std::fill_n(row, width, 0.0F);
    else
      std::copy_n(plane + inside * width, width, row);
  }
  for (std::int64_t y = 0; y < size_.height; ++y)
    vectorized<weighted_sum>(padded_.data() + y * width, width, weights_.data(),
                             std::ssize(weights_), width, plane + y * width);
}

void GaussianBlur::blur_rows(float* plane) {
  const std::int64_t width = size_.width;
  for (std::int64_t y = 0; y < size_.height; ++y) {
    float* row = plane + y * width;
    const bool nearest = outside_ == Outside::kNearest;
    std::fill_n(padded_.data(), radius_, nearest ? row[0] : 0.0F);
    std::copy_n(row, width, padded_.data() + radius_);
    std::fill_n(padded_.data() + radius_ + width, radius_, nearest ? row[width - 1] : 0.0F);
    vectorized<weighted_sum>(padded_.data(), 1, weights_.data(), std::ssize(weights_), width, row);
  }
}

}  // namespace digitry
