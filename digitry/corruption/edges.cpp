#include <algorithm>
#include <cmath>

#include "digitry/corruption/corruptors.h"

namespace digitry {
namespace {

// Labels of pixels while `CannyDetector` follows edges.
constexpr float kNone = 0, kWeak = 0.5F, kEdge = 1;

}  // namespace

CannyDetector::CannyDetector(ImageSize size, const CannyOptions& options)
    : size_(size),
      options_(options),
      blur_(size, options.sigma, GaussianBlur::Outside::kZero),
      coverage_(static_cast<std::size_t>(size.height * size.width), 1.0F),
      gradient_x_(coverage_.size()),
      gradient_y_(coverage_.size()),
      magnitude_(coverage_.size()) {
  blur_.blur(coverage_.data());
  pending_.reserve(coverage_.size());
}

void CannyDetector::smooth(float* plane) {
  blur_.blur(plane);
  for (std::size_t i = 0; i < coverage_.size(); ++i) plane[i] /= coverage_[i];
}

void CannyDetector::differentiate(const float* plane) {
  for (std::int64_t y = 0; y < size_.height; ++y) {
    const float* here = plane + y * size_.width;
    const float* above = plane + std::max<std::int64_t>(y - 1, 0) * size_.width;
    const float* below = plane + std::min(y + 1, size_.height - 1) * size_.width;
    for (std::int64_t x = 0; x < size_.width; ++x) {
      const std::int64_t left = std::max<std::int64_t>(x - 1, 0);
      const std::int64_t right = std::min(x + 1, size_.width - 1);
      const float gx =
          above[right] - above[left] + 2 * (here[right] - here[left]) + below[right] - below[left];
      const float gy =
          below[left] - above[left] + 2 * (below[x] - above[x]) + below[right] - above[right];
      const std::size_t i = index(y, x);
      gradient_x_[i] = gx;
      gradient_y_[i] = gy;
      magnitude_[i] = std::sqrt(gx * gx + gy * gy);
    }
  }
}

// Whether neither neighbour along the gradient is larger. They lie between pixels.
bool CannyDetector::is_maximum(std::int64_t y, std::int64_t x) const {
  const std::size_t here = index(y, x);
  const float gx = gradient_x_[here], gy = gradient_y_[here];
  const std::int64_t dx = gx < 0 ? -1 : 1, dy = gy < 0 ? -1 : 1;
  const bool steep = std::fabs(gy) >= std::fabs(gx);
  const float slope = steep ? std::fabs(gx / gy) : std::fabs(gy / gx);
  const auto neighbour = [&](std::int64_t sign) {
    const float straight = magnitude_[steep ? index(y + sign * dy, x) : index(y, x + sign * dx)];
    const float diagonal = magnitude_[index(y + sign * dy, x + sign * dx)];
    return straight + slope * (diagonal - straight);
  };
  return neighbour(1) <= magnitude_[here] && neighbour(-1) <= magnitude_[here];
}

// Starts from the strong pixels and marks the weak ones that are connected to them.
void CannyDetector::follow_edges(float* plane) {
  while (!pending_.empty()) {
    const std::int64_t from = pending_.back();
    pending_.pop_back();
    for (std::int64_t dy = -1; dy <= 1; ++dy)
      for (std::int64_t dx = -1; dx <= 1; ++dx) {
        // Inside the image, because no pixel of the border is marked.
        const std::int64_t to = from + dy * size_.width + dx;
        if (plane[to] != kWeak) continue;
        plane[to] = kEdge;
        pending_.push_back(to);
      }
  }
  std::replace(plane, plane + size_.height * size_.width, kWeak, kNone);
}

void CannyDetector::detect(float* plane) {
  smooth(plane);
  differentiate(plane);
  std::fill_n(plane, size_.height * size_.width, kNone);
  const auto low = static_cast<float>(options_.low_threshold);
  const auto high = static_cast<float>(options_.high_threshold);
  for (std::int64_t y = 1; y < size_.height - 1; ++y)
    for (std::int64_t x = 1; x < size_.width - 1; ++x) {
      const float magnitude = magnitude_[index(y, x)];
      if (magnitude <= 0 || magnitude < low || !is_maximum(y, x)) continue;
      const std::int64_t i = y * size_.width + x;
      plane[i] = magnitude >= high ? kEdge : kWeak;
      if (magnitude >= high) pending_.push_back(i);
    }
  follow_edges(plane);
}

}  // namespace digitry

namespace digitry::corruptors {

Corruptor canny_edges(ImageSize size) {
  // The gradients of a larger image of the same digit are smaller.
  const double pixels = unit(size);
  const CannyOptions options{
      .sigma = pixels, .low_threshold = 0.1 / pixels, .high_threshold = 0.2 / pixels};
  return [area = size.height * size.width, detector = CannyDetector(size, options)](
             const std::uint8_t* from, RandomStream&, float* to) mutable {
    copy_ink(from, area, to);
    detector.detect(to);
  };
}

}  // namespace digitry::corruptors
