#include "digitry/data/random_filter.h"

#include <algorithm>
#include <cmath>

#include "digitry/data/weighted_line.h"

namespace digitry {

RandomFilter::RandomFilter(ImageSize size, std::int64_t largest)
    : size_(size),
      largest_(largest),
      padded_(static_cast<std::size_t>((size.height + largest) * (size.width + largest))),
      result_(static_cast<std::size_t>(size.height * size.width)) {}

void RandomFilter::convolve(RandomStream& random, std::int64_t side, const float* plane) {
  const std::int64_t stride = size_.width + side - 1;
  std::ranges::fill(padded_, 0.0F);
  for (std::int64_t y = 0; y < size_.height; ++y)
    std::copy_n(plane + y * size_.width, size_.width,
                padded_.data() + (y + side / 2) * stride + side / 2);
  std::ranges::fill(result_, 0.0F);
  for (std::int64_t ky = 0; ky < side; ++ky)
    for (std::int64_t kx = 0; kx < side; ++kx) {
      const float weight = random.next_normal() / static_cast<float>(side);
      for (std::int64_t y = 0; y < size_.height; ++y)
        add_weighted_line(padded_.data() + (y + ky) * stride + kx, weight, size_.width,
                          result_.data() + y * size_.width);
    }
}

void RandomFilter::apply(RandomStream& random, float* plane) {
  const auto num_sides = static_cast<std::uint32_t>((largest_ - 1) / 2);
  const std::int64_t side = 3 + 2 * std::int64_t{random.next_below(num_sides)};
  const float kept = random.next_float();
  convolve(random, side, plane);
  for (std::size_t i = 0; i < result_.size(); ++i)
    result_[i] = kept * plane[i] + (1 - kept) * result_[i];
  const auto [low, high] = std::ranges::minmax(result_);
  // An image of one tone has no shape to keep.
  if (high - low < 1e-6F) return;
  for (std::size_t i = 0; i < result_.size(); ++i) plane[i] = (result_[i] - low) / (high - low);
}

}  // namespace digitry
