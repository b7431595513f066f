#include "apps/digitry/draw_attribution.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace digitry::app {
namespace {

constexpr float kSpeaks = 0.25F;  // Of the strongest pixel.
constexpr int kInked = 64;

// One pixel; below the image, where its height is odd, an empty one.
struct TintedPixel {
  std::uint8_t ink = 0;
  float strength = 0;
};

char plain_character(const TintedPixel& upper, const TintedPixel& lower) {
  const float strength = (upper.strength + lower.strength) / 2;
  if (strength > kSpeaks) return '+';
  if (strength < -kSpeaks) return '-';
  return (upper.ink + lower.ink) / 2 > kInked ? '.' : ' ';
}

}  // namespace

std::string draw_attribution(const Thumbnail& image, const AttributionPicture& attribution,
                             bool color) {
  const auto at = [&](std::int64_t row, std::int64_t column) {
    if (row >= image.height) return TintedPixel{};
    const auto i = static_cast<std::size_t>(row * image.width + column);
    return TintedPixel{image.ink[i], attribution.strengths[i]};
  };
  std::string text;
  for (std::int64_t row = 0; row < image.height; row += 2) {
    for (std::int64_t column = 0; column < image.width; ++column) {
      const TintedPixel upper = at(row, column), lower = at(row + 1, column);
      if (!color) {
        text += plain_character(upper, lower);
        continue;
      }
      const auto [r, g, b] = attribution_color(upper.strength, upper.ink, 0);
      const auto [below_r, below_g, below_b] = attribution_color(lower.strength, lower.ink, 0);
      fmt::format_to(std::back_inserter(text), "\x1b[38;2;{};{};{};48;2;{};{};{}m▀", r, g, b,
                     below_r, below_g, below_b);
    }
    if (color) text += "\x1b[0m";
    text.erase(text.find_last_not_of(' ') + 1);
    text += '\n';
  }
  return text;
}

}  // namespace digitry::app
