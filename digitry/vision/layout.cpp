#include "digitry/vision/layout.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace digitry {
namespace {

constexpr double kLevel = 0.6;     // of the larger height: how far apart the middles may be
constexpr double kWordGap = 0.75;  // of the line's height

double middle_x(const PixelBox& box) {
  return static_cast<double>(box.left) + static_cast<double>(box.width) / 2;
}
double middle_y(const PixelBox& box) {
  return static_cast<double>(box.top) + static_cast<double>(box.height) / 2;
}

struct TextLine {
  std::vector<std::size_t> boxes;
  double middle_sum = 0;
  double middle() const { return middle_sum / static_cast<double>(boxes.size()); }
};

double median_height(std::span<const PixelBox> boxes, const std::vector<std::size_t>& of) {
  std::vector<std::int64_t> heights;
  for (const std::size_t i : of) heights.push_back(boxes[i].height);
  const auto middle = heights.begin() + std::ssize(heights) / 2;
  std::nth_element(heights.begin(), middle, heights.end());
  return static_cast<double>(*middle);
}

// The line that the box goes on with, or where none does, null.
TextLine* line_of(const PixelBox& box, std::span<const PixelBox> boxes,
                  std::vector<TextLine>& lines) {
  TextLine* best = nullptr;
  double nearest = 0;
  for (TextLine& line : lines) {
    const PixelBox& last = boxes[line.boxes.back()];
    const double off = std::fabs(middle_y(box) - middle_y(last));
    if (off > kLevel * static_cast<double>(std::max(box.height, last.height))) continue;
    if (best != nullptr && off >= nearest) continue;
    best = &line;
    nearest = off;
  }
  return best;
}

}  // namespace

std::vector<Placed> reading_order(std::span<const PixelBox> boxes) {
  std::vector<std::size_t> order(boxes.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return middle_x(boxes[i]); });
  std::vector<TextLine> lines;
  for (const std::size_t i : order) {
    TextLine* line = line_of(boxes[i], boxes, lines);
    if (line == nullptr) line = &lines.emplace_back();
    line->boxes.push_back(i);
    line->middle_sum += middle_y(boxes[i]);
  }
  std::ranges::stable_sort(lines, {}, &TextLine::middle);
  std::vector<Placed> placed;
  for (std::size_t n = 0; n < lines.size(); ++n) {
    const double word_gap = kWordGap * median_height(boxes, lines[n].boxes);
    std::int64_t reached = 0;
    for (const std::size_t i : lines[n].boxes) {
      const bool first = i == lines[n].boxes.front();
      placed.push_back({i, static_cast<std::int64_t>(n),
                        !first && static_cast<double>(boxes[i].left - reached) > word_gap});
      reached = std::max(first ? 0 : reached, boxes[i].left + boxes[i].width);
    }
  }
  return placed;
}

}  // namespace digitry
