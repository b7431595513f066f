#include "digitry/vision/cuts.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <opencv2/imgproc.hpp>
namespace digitry {
namespace {

constexpr double kCutSpacing = 0.06;   // of a digit's height
constexpr double kCutStray = 0.25;     // of a digit's height: how far a cut may leave its place
constexpr double kNarrowStray = 0.08;  // the same, for the second set of cuts
constexpr double kStrayCost = 0.4;     // of ink, per digit's height from its place
constexpr double kSameCut = 0.03;      // of a digit's height
constexpr double kMostStrokes = 4;
constexpr double kLeastShare = 0.08;  // of the glyph's ink
constexpr double kCrumb = 0.08;       // of the segment's ink
constexpr float kCrumbLevel = 0.3F;
constexpr double kNarrowest = 0.06;  // of a digit's height

// The smaller of the two shares of the ink that the cut separates.
double lesser_share(const cv::Mat& ink, const Cut& cut) {
  double left = 0;
  for (int y = 0; y < ink.rows; ++y) {
    const auto* row = ink.ptr<float>(y);
    left += std::accumulate(row, row + cut.x[static_cast<std::size_t>(y)], 0.0);
  }
  const double share = left / cv::sum(ink)[0];
  return std::min(share, 1 - share);
}

double mean_distance(const Cut& a, const Cut& b) {
  double sum = 0;
  for (std::size_t y = 0; y < a.x.size(); ++y) sum += std::abs(a.x[y] - b.x[y]);
  return sum / static_cast<double>(a.x.size());
}

// All ink as one array.
std::span<float> ink_of(cv::Mat& ink) { return {ink.ptr<float>(), ink.total()}; }

}  // namespace

double mean_x(const Cut& cut) {
  double sum = 0;
  for (const int x : cut.x) sum += x;
  return sum / static_cast<double>(cut.x.size());
}

std::vector<Cut> find_cuts(const Glyph& glyph, double digit_height, double stroke_width) {
  const double spacing = std::max(1.0, kCutSpacing * digit_height);
  const double narrowest = std::max(2.0, kNarrowest * digit_height);
  cv::Mat ink = glyph.ink;
  std::vector<Cut> cuts;
  for (const double stray : {kCutStray, kNarrowStray}) {
    const SeamOptions near{.stray = std::max(2, static_cast<int>(stray * digit_height)),
                           .stray_cost = kStrayCost / std::max(digit_height, 1.0)};
    for (double x = narrowest; x < ink.cols - narrowest; x += spacing) {
      Cut cut = cheapest_seam(ink_of(ink), ink.rows, ink.cols, static_cast<int>(x), near);
      cut.crossed /= std::max(1.0, stroke_width);
      if (cut.crossed > kMostStrokes || lesser_share(ink, cut) < kLeastShare) continue;
      const auto same = std::ranges::find_if(cuts, [&](const Cut& other) {
        return mean_distance(other, cut) < kSameCut * digit_height;
      });
      if (same == cuts.end())
        cuts.push_back(std::move(cut));
      else if (cut.crossed < same->crossed)
        *same = std::move(cut);
    }
  }
  std::ranges::stable_sort(cuts, {}, mean_x);
  return cuts;
}

Glyph between(const Glyph& glyph, const Cut* left, const Cut* right) {
  cv::Mat ink = glyph.ink.clone();
  keep_between(ink_of(ink), ink.cols, left, right);
  erase_crumbs(ink_of(ink), ink.rows, ink.cols, kCrumb, kCrumbLevel);
  const cv::Rect box = cv::boundingRect(cv::Mat(ink > 0));
  if (box.empty()) return {};
  return {.box = box + glyph.box.tl(), .ink = ink(box).clone()};
}

std::vector<SegmentRow> cheapest_rows(std::span<const Segment> segments, std::size_t end,
                                      std::size_t most) {
  constexpr double kNever = std::numeric_limits<double>::infinity();
  struct Arrival {
    double cost = kNever;
    std::size_t segment = 0;
  };
  // By boundary and number of segments.
  std::vector<std::vector<Arrival>> arrivals(end + 1, std::vector<Arrival>(most + 1));
  arrivals[0][0].cost = 0;
  // Segments run from left to right, so the costs of a boundary are final when it is visited.
  for (std::size_t boundary = 0; boundary < end; ++boundary) {
    for (std::size_t i = 0; i < segments.size(); ++i) {
      if (segments[i].first != boundary) continue;
      for (std::size_t count = 0; count < most; ++count) {
        const double cost = arrivals[boundary][count].cost + segments[i].cost;
        Arrival& there = arrivals[segments[i].last][count + 1];
        if (cost < there.cost) there = {cost, i};
      }
    }
  }
  std::vector<SegmentRow> rows(most + 1);
  for (std::size_t count = 1; count <= most; ++count) {
    if (arrivals[end][count].cost == kNever) continue;
    rows[count].cost = arrivals[end][count].cost;
    std::size_t at = end;
    for (std::size_t left = count; left > 0; --left) {
      rows[count].segments.push_back(arrivals[at][left].segment);
      at = segments[arrivals[at][left].segment].first;
    }
    std::ranges::reverse(rows[count].segments);
  }
  return rows;
}

}  // namespace digitry
