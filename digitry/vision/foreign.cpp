#include "digitry/vision/foreign.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <utility>

#include "digitry/base/quantile.h"

namespace digitry {
namespace {

constexpr double kStraight = 1.2;       // length by the diagonal of the box, at most
constexpr double kLongLine = 10;        // length by thickness, at least
constexpr double kLongerThanDigit = 2;  // digit heights
constexpr double kUpright = 0.6;        // width by height of what may be a 1, at most
constexpr double kAcross = 0.8;         // of a side of the picture
constexpr double kThick = 3;            // stroke widths
constexpr double kCompact = 2.7;        // longer side by thickness, at most
constexpr double kFaint = 0.6;          // of the darkness of the writing
constexpr double kFaintHeight = 0.6;    // of a digit's height
constexpr double kInside = 0.9;         // of a component's box
constexpr double kInnerHeight = 4;      // stroke widths
constexpr double kFrameFill = 0.45;     // of its box
constexpr double kFrameSide = 0.85;     // of each side of its box, if there is one thing inside
constexpr double kFrameBand = 0.12;     // of the height and width of its box
constexpr double kFrameSlope = 0.04;    // how far the lines of a frame may be from level
constexpr double kFrameRun = 1.15;      // of the height of what is inside

double length_of(const Component& c) { return c.area / std::max(1.0, c.thickness); }
double diagonal_of(const cv::Rect& box) { return std::hypot(box.width, box.height); }

bool is_straight(const Component& c) {
  return length_of(c) <= kStraight * diagonal_of(c.box) &&
         diagonal_of(c.box) >= kLongLine * c.thickness;
}

bool touches_border(const cv::Rect& box, const cv::Size& paper) {
  return box.x <= 1 || box.y <= 1 || box.x + box.width >= paper.width - 1 ||
         box.y + box.height >= paper.height - 1;
}

// The middle of the values by weight.
double weighted_median(std::vector<std::pair<double, double>> values) {
  std::ranges::sort(values);
  double total = 0;
  for (const auto& [value, weight] : values) total += weight;
  double below = 0;
  for (const auto& [value, weight] : values)
    if (2 * (below += weight) >= total) return value;
  return 0;
}

double median_of(const std::vector<Component>& list, auto value) {
  std::vector<std::pair<double, double>> values;
  for (const Component& c : list) values.emplace_back(value(c), length_of(c) * c.darkness);
  return weighted_median(std::move(values));
}

void leave_out(Components& components, LeftOutReason reason, auto is_foreign) {
  std::vector<Component> kept;
  std::vector<Foreign> foreign;
  for (const Component& c : components.list) {
    if (is_foreign(c))
      foreign.push_back({c.box, reason, c.label});
    else
      kept.push_back(c);
  }
  if (kept.empty()) return;
  components.list = std::move(kept);
  components.left_out.insert(components.left_out.end(), foreign.begin(), foreign.end());
}

}  // namespace

void leave_out_foreign(Components& components, double stroke_width) {
  const cv::Size paper = components.owners.size();
  const auto height = [](const Component& c) { return static_cast<double>(c.box.height); };
  const auto is_thick = [&](const Component& c) { return c.thickness > kThick * stroke_width; };
  const auto is_compact = [](const Component& c) {
    return std::max(c.box.width, c.box.height) <= kCompact * c.thickness;
  };
  // In a cell, a compact thing is a digit, or too small for one. The digits' height does not count
  // what is compact, thick at the border, or straight and slanting.
  std::vector<Component> likely = components.list;
  std::erase_if(likely, [&](const Component& c) {
    const bool upright = c.box.width <= kUpright * c.box.height;
    return is_compact(c) || (touches_border(c.box, paper) && is_thick(c)) ||
           (is_straight(c) && !upright);
  });
  if (likely.empty()) return;
  const double digit = median_of(likely, height);
  leave_out(components, LeftOutReason::kEdge, [&](const Component& c) {
    if (!touches_border(c.box, paper)) return false;
    const bool across =
        c.box.width >= kAcross * paper.width || c.box.height >= kAcross * paper.height;
    return std::max(c.box.width, c.box.height) >= kLongerThanDigit * digit &&
           (is_straight(c) || is_thick(c) || across);
  });
  leave_out(components, LeftOutReason::kEdge,
            [&](const Component& c) { return touches_border(c.box, paper) && is_thick(c); });
  leave_out(components, LeftOutReason::kLine, [&](const Component& c) {
    const bool upright = c.box.width <= kUpright * c.box.height;
    const bool across =
        c.box.width >= kAcross * paper.width || c.box.height >= kAcross * paper.height;
    return is_straight(c) && diagonal_of(c.box) >= kLongerThanDigit * digit && (!upright || across);
  });
  leave_out(components, LeftOutReason::kDot, [&](const Component& c) {
    return is_compact(c) && std::max(c.box.width, c.box.height) < digit && c.cell < 0;
  });
  const double darkness = median_of(components.list, [](const Component& c) { return c.darkness; });
  leave_out(components, LeftOutReason::kFaint, [&](const Component& c) {
    return c.darkness < kFaint * darkness && c.box.height < kFaintHeight * digit;
  });
  components.digit_height = median_of(components.list, height);
}

namespace {

// The components inside the box of this one that may be writing.
std::vector<Component> inside_of(const Component& frame, const Components& components,
                                 double stroke_width) {
  std::vector<Component> inner;
  for (const Component& c : components.list)
    if (c.label != frame.label && c.box.height >= kInnerHeight * stroke_width &&
        (c.box & frame.box).area() >= kInside * c.box.area() && c.box.area() < frame.box.area() / 2)
      inner.push_back(c);
  return inner;
}

// Whether the component runs along all four sides of its box.
bool runs_around(const cv::Mat& mask) {
  const int rows = std::max(1, cvRound(mask.rows * kFrameBand));
  const int columns = std::max(1, cvRound(mask.cols * kFrameBand));
  const auto covered = [](const cv::Mat& band, int dimension) {
    cv::Mat any;
    cv::reduce(band, any, dimension, cv::REDUCE_MAX);
    return cv::countNonZero(any) >= kFrameSide * static_cast<double>(any.total());
  };
  return covered(mask.rowRange(0, rows), 0) &&
         covered(mask.rowRange(mask.rows - rows, mask.rows), 0) &&
         covered(mask.colRange(0, columns), 1) &&
         covered(mask.colRange(mask.cols - columns, mask.cols), 1);
}

// The vertical run of the mask through a pixel: [first, last].
std::pair<int, int> run_through(const cv::Mat& mask, int x, int y) {
  int first = y;
  int last = y;
  while (first > 0 && mask.at<std::uint8_t>(first - 1, x) != 0) --first;
  while (last + 1 < mask.rows && mask.at<std::uint8_t>(last + 1, x) != 0) ++last;
  return {first, last};
}

// The horizontal lines of the mask at least `length` long.
cv::Mat find_lines(const cv::Mat& mask, int length) {
  const auto rect = [](int width, int height) {
    return cv::getStructuringElement(cv::MORPH_RECT, {width, height});
  };
  cv::Mat lines;
  cv::dilate(mask, lines, rect(1, 2 * cvCeil(length * kFrameSlope / 2) + 3));
  cv::morphologyEx(lines, lines, cv::MORPH_CLOSE, rect(5, 1));
  cv::morphologyEx(lines, lines, cv::MORPH_OPEN, rect(length, 1));
  return lines & mask;
}

// Erases the lines, which are horizontal. A run down that is longer than the line is thick is a
// stroke across it, and stays unless it is one of the `crossing` lines.
void erase_lines(cv::Mat& darkness, const cv::Mat& mask, const cv::Mat& lines,
                 const cv::Mat& crossing) {
  std::vector<int> runs;
  for (int y = 0; y < lines.rows; ++y)
    for (int x = 0; x < lines.cols; ++x)
      if (lines.at<std::uint8_t>(y, x) != 0 && (y == 0 || lines.at<std::uint8_t>(y - 1, x) == 0)) {
        const auto [first, last] = run_through(mask, x, y);
        runs.push_back(last - first + 1);
      }
  if (runs.empty()) return;
  const int longest = median(runs) * 3 / 2 + 1;
  for (int y = 0; y < lines.rows; ++y)
    for (int x = 0; x < lines.cols; ++x) {
      if (lines.at<std::uint8_t>(y, x) == 0) continue;
      auto [first, last] = run_through(mask, x, y);
      if (crossing.at<std::uint8_t>(y, x) != 0) first = last = y;
      if (last - first + 1 > longest) continue;
      for (int row = std::max(0, first - 1); row <= std::min(lines.rows - 1, last + 1); ++row)
        darkness.at<float>(row, x) = 0;
    }
}

}  // namespace

std::vector<cv::Rect> remove_frames(Paper& paper) {
  std::vector<cv::Rect> frames;
  const double stroke = paper.ink.stroke_width;
  const Components components = find_components(paper);
  for (const Component& c : components.all) {
    if (c.area > kFrameFill * c.box.area() || c.box.height < kInnerHeight * stroke) continue;
    const std::vector<Component> inner = inside_of(c, components, stroke);
    if (inner.empty()) continue;
    const cv::Mat mask = components.owners(c.box) == c.label;
    if (inner.size() < 2 && !runs_around(mask)) continue;
    const int length = cvCeil(kFrameRun * median_of(inner, [](const Component& i) {
                                return static_cast<double>(std::max(i.box.width, i.box.height));
                              }));
    cv::Mat darkness = paper.ink.darkness(c.box);
    const cv::Mat sideways_mask = mask.t();
    const cv::Mat across = find_lines(mask, length);
    const cv::Mat down = find_lines(sideways_mask, length);
    erase_lines(darkness, mask, across, down.t());
    cv::Mat sideways = darkness.t();
    erase_lines(sideways, sideways_mask, down, across.t());
    cv::Mat(sideways.t()).copyTo(darkness);
    frames.push_back(c.box);
  }
  return frames;
}

}  // namespace digitry
