#include "digitry/image/seam.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numeric>

namespace digitry {

Seam cheapest_seam(std::span<const float> ink, std::int64_t height, std::int64_t width, int x0,
                   const SeamOptions& options) {
  const int left = std::max(0, x0 - options.stray);
  const int right = std::min(static_cast<int>(width) - 1, x0 + options.stray);
  const std::size_t reach = static_cast<std::size_t>(right - left) + 1;
  std::vector<float> cost(static_cast<std::size_t>(height) * reach);
  for (std::size_t y = 0; y < static_cast<std::size_t>(height); ++y) {
    const float* row = ink.data() + y * static_cast<std::size_t>(width) + left;
    float* to = cost.data() + y * reach;
    for (std::size_t x = 0; x < reach; ++x) {
      float before = 0;
      if (y > 0) {
        const float* above = to - reach;
        before = above[x];
        if (x > 0) before = std::min(before, above[x - 1]);
        if (x + 1 < reach) before = std::min(before, above[x + 1]);
      }
      const int off = std::abs(left + static_cast<int>(x) - x0);
      to[x] = before + row[x] + static_cast<float>(options.stray_cost * off);
    }
  }
  Seam seam;
  seam.x.resize(static_cast<std::size_t>(height));
  auto y = static_cast<std::size_t>(height) - 1;
  const auto last = std::span(cost).subspan(y * reach, reach);
  auto x = static_cast<std::size_t>(std::ranges::min_element(last) - last.begin());
  for (;; --y) {
    seam.x[y] = left + static_cast<int>(x);
    seam.crossed += static_cast<double>(
        ink[y * static_cast<std::size_t>(width) + static_cast<std::size_t>(seam.x[y])]);
    if (y == 0) break;
    const float* above = cost.data() + (y - 1) * reach;
    std::size_t next = x;
    if (x > 0 && above[x - 1] < above[next]) next = x - 1;
    if (x + 1 < reach && above[x + 1] < above[next]) next = x + 1;
    x = next;
  }
  return seam;
}

void keep_between(std::span<float> ink, std::int64_t width, const Seam* left, const Seam* right) {
  const auto columns = static_cast<std::size_t>(width);
  for (std::size_t y = 0; y * columns < ink.size(); ++y) {
    const auto row = ink.subspan(y * columns, columns);
    const std::size_t from = left == nullptr ? 0 : static_cast<std::size_t>(left->x[y]);
    const std::size_t to = right == nullptr ? columns : static_cast<std::size_t>(right->x[y]);
    std::fill(row.begin(), row.begin() + static_cast<std::ptrdiff_t>(from), 0.0F);
    std::fill(row.begin() + static_cast<std::ptrdiff_t>(std::max(from, to)), row.end(), 0.0F);
  }
}

namespace {

// Parts of the ink above a level: the number of each pixel's part, from 1; 0 for none.
struct InkParts {
  std::vector<int> owners;
  std::vector<double> sums;  // By part; the first is not used.
};

InkParts find_parts(std::span<const float> ink, std::int64_t height, std::int64_t width,
                    float level) {
  InkParts parts{std::vector<int>(ink.size(), 0), {0.0}};
  std::vector<std::int64_t> open;
  for (std::int64_t start = 0; start < height * width; ++start) {
    const auto at = static_cast<std::size_t>(start);
    if (ink[at] <= level || parts.owners[at] != 0) continue;
    const auto part = static_cast<int>(parts.sums.size());
    parts.sums.push_back(0);
    parts.owners[at] = part;
    open.push_back(start);
    while (!open.empty()) {
      const std::int64_t pixel = open.back();
      open.pop_back();
      parts.sums.back() += static_cast<double>(ink[static_cast<std::size_t>(pixel)]);
      const std::int64_t px = pixel % width;
      const std::int64_t py = pixel / width;
      for (std::int64_t y = std::max<std::int64_t>(0, py - 1); y <= std::min(height - 1, py + 1);
           ++y)
        for (std::int64_t x = std::max<std::int64_t>(0, px - 1); x <= std::min(width - 1, px + 1);
             ++x) {
          const auto to = static_cast<std::size_t>(y * width + x);
          if (ink[to] <= level || parts.owners[to] != 0) continue;
          parts.owners[to] = part;
          open.push_back(y * width + x);
        }
    }
  }
  return parts;
}

}  // namespace

void erase_crumbs(std::span<float> ink, std::int64_t height, std::int64_t width, double share,
                  float level) {
  constexpr std::int64_t kHalo = 2;
  InkParts parts = find_parts(ink, height, width, level);
  if (parts.sums.size() <= 2) return;
  const double least = share * std::accumulate(ink.begin(), ink.end(), 0.0);
  const auto is_crumb = [&](int part) {
    return part > 0 && parts.sums[static_cast<std::size_t>(part)] < least;
  };
  if (std::none_of(parts.sums.begin() + 1, parts.sums.end(),
                   [&](double sum) { return sum < least; }))
    return;
  for (std::int64_t y = 0; y < height; ++y)
    for (std::int64_t x = 0; x < width; ++x) {
      if (!is_crumb(parts.owners[static_cast<std::size_t>(y * width + x)])) continue;
      for (std::int64_t v = std::max<std::int64_t>(0, y - kHalo);
           v <= std::min(height - 1, y + kHalo); ++v)
        for (std::int64_t u = std::max<std::int64_t>(0, x - kHalo);
             u <= std::min(width - 1, x + kHalo); ++u) {
          const auto at = static_cast<std::size_t>(v * width + u);
          if (parts.owners[at] == 0 || is_crumb(parts.owners[at])) ink[at] = 0;
        }
    }
}

}  // namespace digitry
