#include "digitry/report/attribution.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "digitry/report/gnuplot.h"

namespace digitry {

int mistake_level(std::int64_t count, std::int64_t largest_count) {
  if (count <= 0) return 0;
  // At least 20, so that a matrix with few mistakes stays pale.
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

namespace {

constexpr std::size_t kNinths = 9;
constexpr std::array<const char*, kNinths> kPlaces = {"upper left", "top",    "upper right",
                                                      "left",       "middle", "right",
                                                      "lower left", "bottom", "lower right"};
constexpr float kFaint = 0.4F;  // Contrast of the digit below the colours.

/// The first and the last row or column with evidence.
struct Extent {
  std::int64_t first = std::numeric_limits<std::int64_t>::max();
  std::int64_t last = -1;

  void include(std::int64_t place) {
    first = std::min(first, place);
    last = std::max(last, place);
  }
  std::size_t third(std::int64_t place) const {
    return static_cast<std::size_t>(3 * (place - first) / (last - first + 1));
  }
};

std::array<std::uint8_t, 3> split_rgb(std::uint32_t rgb) {
  return {static_cast<std::uint8_t>(rgb >> 16), static_cast<std::uint8_t>(rgb >> 8 & 255),
          static_cast<std::uint8_t>(rgb & 255)};
}

std::array<std::uint8_t, 3> color_of(float strength) {
  return split_rgb(strength > 0 ? figure_style::kAnswerRgb : figure_style::kRivalRgb);
}

}  // namespace

AttributionPicture make_attribution_picture(std::span<const float> map, std::int64_t height,
                                            std::int64_t width, std::int64_t reduction) {
  AttributionPicture picture{.width = (width + reduction - 1) / reduction,
                             .height = (height + reduction - 1) / reduction,
                             .strengths = {}};
  picture.strengths.resize(static_cast<std::size_t>(picture.width * picture.height));
  for (std::int64_t row = 0; row < height; ++row)
    for (std::int64_t column = 0; column < width; ++column)
      picture.strengths[static_cast<std::size_t>(row / reduction * picture.width +
                                                 column / reduction)] +=
          map[static_cast<std::size_t>(row * width + column)];
  float largest = 0;
  for (const float strength : picture.strengths) largest = std::max(largest, std::abs(strength));
  if (largest > 0)
    for (float& strength : picture.strengths) strength /= largest;
  return picture;
}

std::string main_place(const AttributionPicture& picture, EvidenceFor whom) {
  const auto at = [&](std::int64_t row, std::int64_t column) {
    return picture.strengths[static_cast<std::size_t>(row * picture.width + column)];
  };
  Extent rows, columns;
  for (std::int64_t row = 0; row < picture.height; ++row)
    for (std::int64_t column = 0; column < picture.width; ++column)
      if (at(row, column) != 0) {
        rows.include(row);
        columns.include(column);
      }
  std::array<double, kNinths> sums{};
  for (std::int64_t row = rows.first; row <= rows.last; ++row)
    for (std::int64_t column = columns.first; column <= columns.last; ++column)
      sums[3 * rows.third(row) + columns.third(column)] +=
          std::max(0.0F, whom == EvidenceFor::kAnswer ? at(row, column) : -at(row, column));
  const auto most = std::ranges::max_element(sums);
  return *most > 0 ? kPlaces[static_cast<std::size_t>(most - sums.begin())] : "";
}

std::uint8_t attribution_index(float strength) {
  return static_cast<std::uint8_t>(128 + std::lround(127 * std::clamp(strength, -1.0F, 1.0F)));
}

std::array<std::uint8_t, 1024> attribution_palette() {
  std::array<std::uint8_t, 1024> palette{};
  for (int i = 0; i < 256; ++i) {
    const float strength = static_cast<float>(i - 128) / 127;
    const auto color = color_of(strength);
    const auto at = 4 * static_cast<std::size_t>(i);
    std::ranges::copy(color, palette.begin() + static_cast<std::ptrdiff_t>(at));
    palette[at + 3] =
        static_cast<std::uint8_t>(std::lround(255 * std::min(1.0F, std::abs(strength))));
  }
  return palette;
}

std::array<std::uint8_t, 3> attribution_color(float strength, std::uint8_t ink,
                                              std::uint8_t paper) {
  const float opposite = paper < 128 ? 255 : 0;
  const float grey = static_cast<float>(paper) + (opposite - static_cast<float>(paper)) * kFaint *
                                                     static_cast<float>(ink) / 255;
  const float opacity = std::min(1.0F, std::abs(strength));
  std::array<std::uint8_t, 3> mixed = color_of(strength);
  for (std::uint8_t& channel : mixed)
    channel = static_cast<std::uint8_t>(
        std::lround(opacity * static_cast<float>(channel) + (1 - opacity) * grey));
  return mixed;
}

}  // namespace digitry
