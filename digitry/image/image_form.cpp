#include "digitry/image/image_form.h"

#include <algorithm>
#include <vector>

namespace digitry {
namespace {

constexpr int kLeastContrast = 16;

std::uint8_t border_median(std::span<const std::uint8_t> pixels, ImageSize size) {
  std::vector<std::uint8_t> border;
  for (std::int64_t y = 0; y < size.height; ++y)
    for (std::int64_t x = 0; x < size.width; ++x)
      if (y == 0 || x == 0 || y + 1 == size.height || x + 1 == size.width)
        border.push_back(pixels[static_cast<std::size_t>(y * size.width + x)]);
  const auto middle = border.begin() + std::ssize(border) / 2;
  std::nth_element(border.begin(), middle, border.end());
  return *middle;
}

}  // namespace

Polarity find_polarity(std::span<const std::uint8_t> pixels, ImageSize size) {
  const auto [darkest, lightest] = std::ranges::minmax(pixels);
  const int contrast = lightest - darkest;
  if (contrast < kLeastContrast) return Polarity::kBlank;
  const int background = border_median(pixels, size) - darkest;
  if (3 * background <= contrast) return Polarity::kLightOnDark;
  return 3 * background >= 2 * contrast ? Polarity::kDarkOnLight : Polarity::kUnclear;
}

}  // namespace digitry
