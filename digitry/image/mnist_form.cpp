#include "digitry/image/mnist_form.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace digitry {
namespace {

constexpr std::int64_t kSmallestSquare = 10;
constexpr auto kBoxPixels = static_cast<std::size_t>(kMnistBoxSide * kMnistBoxSide);

struct InkBox {
  std::int64_t top = 0;
  std::int64_t left = 0;
  std::int64_t height = 0;
  std::int64_t width = 0;
};

InkBox find_ink_box(std::span<const float> ink, std::int64_t height, std::int64_t width) {
  std::int64_t top = height;
  std::int64_t left = width;
  std::int64_t bottom = -1;
  std::int64_t right = -1;
  for (std::int64_t y = 0; y < height; ++y)
    for (std::int64_t x = 0; x < width; ++x)
      if (ink[static_cast<std::size_t>(y * width + x)] > 0) {
        top = std::min(top, y);
        bottom = y;
        left = std::min(left, x);
        right = std::max(right, x);
      }
  if (bottom < 0) return {};
  return {top, left, bottom - top + 1, right - left + 1};
}

// The share of one source row or column in one of the box's 20.
struct PixelShare {
  std::int64_t from = 0;
  std::int64_t to = 0;
  double weight = 0;  // In source pixels.
};

// Distributes `side` pixels over 20. MNIST doubled the pixels of small squares first, which changes
// none of the averages.
std::vector<PixelShare> shares_of(std::int64_t side) {
  std::vector<PixelShare> shares;
  const double step = static_cast<double>(side) / kMnistBoxSide;
  for (std::int64_t to = 0; to < kMnistBoxSide; ++to) {
    const double begin = static_cast<double>(to) * step;
    const double end = begin + step;
    for (auto from = static_cast<std::int64_t>(begin); from < side; ++from) {
      const double weight =
          std::min(end, static_cast<double>(from + 1)) - std::max(begin, static_cast<double>(from));
      if (weight <= 0) break;
      shares.push_back({from, to, weight});
    }
  }
  return shares;
}

using BoxSums = std::array<double, kBoxPixels>;

BoxSums average_to_box(std::span<const float> ink, std::int64_t width, const InkBox& box) {
  const std::int64_t side = std::max({box.height, box.width, kSmallestSquare});
  const std::int64_t above = (side - box.height) / 2;
  const std::int64_t before = (side - box.width) / 2;
  const std::vector<PixelShare> shares = shares_of(side);
  BoxSums sums{};
  std::array<double, static_cast<std::size_t>(kMnistBoxSide)> row{};
  for (const PixelShare& y : shares) {
    const std::int64_t from_y = y.from - above;
    if (from_y < 0 || from_y >= box.height) continue;
    row.fill(0);
    for (const PixelShare& x : shares) {
      const std::int64_t from_x = x.from - before;
      if (from_x < 0 || from_x >= box.width) continue;
      const auto at = static_cast<std::size_t>((box.top + from_y) * width + box.left + from_x);
      row[static_cast<std::size_t>(x.to)] += x.weight * static_cast<double>(ink[at]);
    }
    for (std::size_t x = 0; x < row.size(); ++x)
      sums[static_cast<std::size_t>(y.to * kMnistBoxSide) + x] += y.weight * row[x];
  }
  return sums;
}

// The digit in the image, and where the image lies on the ink.
struct FormedDigit {
  MnistImage image{};
  double left = 0;  // Of the image's first column, in pixels of the ink.
  double top = 0;
  double step = 0;     // Pixels of the ink per pixel of the image; 0 if there is no ink.
  double darkest = 0;  // Sum of ink that is 255.
};

// First row or column of the box in the image, for a centre of mass in [0, 20] within the box.
std::int64_t box_offset(double center) {
  return std::clamp(static_cast<std::int64_t>(15 - center), std::int64_t{0},
                    kMnistSide - kMnistBoxSide);
}

FormedDigit form_digit(std::span<const float> ink, std::int64_t height, std::int64_t width) {
  FormedDigit formed;
  const InkBox box = find_ink_box(ink, height, width);
  if (box.height == 0) return formed;
  const BoxSums sums = average_to_box(ink, width, box);
  const double darkest = *std::ranges::max_element(sums);
  std::array<std::uint8_t, kBoxPixels> quantised{};
  double mass = 0;
  double mass_x = 0;
  double mass_y = 0;
  for (std::size_t i = 0; i < kBoxPixels; ++i) {
    quantised[i] = static_cast<std::uint8_t>(std::lround(255 * sums[i] / darkest));
    mass += quantised[i];
    const std::size_t row = i / kMnistBoxSide;
    const std::size_t column = i % kMnistBoxSide;
    mass_x += quantised[i] * (static_cast<double>(column) + 0.5);
    mass_y += quantised[i] * (static_cast<double>(row) + 0.5);
  }
  const std::int64_t top = box_offset(mass_y / mass);
  const std::int64_t left = box_offset(mass_x / mass);
  for (std::int64_t y = 0; y < kMnistBoxSide; ++y)
    std::copy_n(quantised.begin() + y * kMnistBoxSide, kMnistBoxSide,
                formed.image.begin() + (top + y) * kMnistSide + left);
  const std::int64_t side = std::max({box.height, box.width, kSmallestSquare});
  formed.step = static_cast<double>(side) / kMnistBoxSide;
  const std::int64_t square_top = box.top - (side - box.height) / 2;
  const std::int64_t square_left = box.left - (side - box.width) / 2;
  formed.top = static_cast<double>(square_top) - static_cast<double>(top) * formed.step;
  formed.left = static_cast<double>(square_left) - static_cast<double>(left) * formed.step;
  formed.darkest = darkest;
  return formed;
}

// The source rows or columns of the image's 28, of which `length` exist.
std::vector<PixelShare> frame_shares(double begin, double step, std::int64_t length) {
  std::vector<PixelShare> shares;
  for (std::int64_t to = 0; to < kMnistSide; ++to) {
    const double first = begin + static_cast<double>(to) * step;
    const double last = first + step;
    for (auto from = static_cast<std::int64_t>(std::max(first, 0.0));
         from < length && static_cast<double>(from) < last; ++from) {
      const double weight = std::min(last, static_cast<double>(from + 1)) -
                            std::max(first, static_cast<double>(from));
      if (weight > 0) shares.push_back({from, to, weight});
    }
  }
  return shares;
}

}  // namespace

MnistImage to_mnist_form(std::span<const float> ink, std::int64_t height, std::int64_t width) {
  return form_digit(ink, height, width).image;
}

MnistImage to_mnist_form(std::span<const float> ink, std::span<const float> surroundings,
                         std::int64_t height, std::int64_t width) {
  FormedDigit formed = form_digit(ink, height, width);
  if (formed.step == 0) return formed.image;
  const std::vector<PixelShare> rows = frame_shares(formed.top, formed.step, height);
  const std::vector<PixelShare> columns = frame_shares(formed.left, formed.step, width);
  std::array<double, static_cast<std::size_t>(kMnistSide * kMnistSide)> sums{};
  for (const PixelShare& y : rows)
    for (const PixelShare& x : columns)
      sums[static_cast<std::size_t>(y.to * kMnistSide + x.to)] +=
          y.weight * x.weight *
          static_cast<double>(surroundings[static_cast<std::size_t>(y.from * width + x.from)]);
  for (std::size_t i = 0; i < sums.size(); ++i) {
    const double around = kSurroundingsStrength * std::min(1.0, sums[i] / formed.darkest);
    formed.image[i] =
        std::max(formed.image[i], static_cast<std::uint8_t>(std::lround(255 * around)));
  }
  return formed.image;
}

}  // namespace digitry
