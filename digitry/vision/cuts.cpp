#include "digitry/vision/cuts.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <opencv2/imgproc.hpp>

namespace digitry {
namespace {

constexpr double kCutSpacing = 0.06;  // of a digit's height
constexpr double kCutStray = 0.25;    // of a digit's height: how far a cut may leave its place
constexpr double kStrayCost = 0.004;  // of ink, per pixel from its place at 100 pixels' height
constexpr double kSameCut = 0.045;    // of a digit's height
constexpr double kMostStrokes = 2.5;
constexpr double kLeastShare = 0.08;  // of the glyph's ink
constexpr double kCrumb = 0.08;       // of the segment's ink
constexpr double kNarrowest = 0.06;   // of a digit's height

// The cheapest path near x0, by dynamic programming. It moves at most one pixel aside per row.
Cut cut_near(const cv::Mat& ink, int x0, int stray, double stray_cost, double stroke_width) {
  const int left = std::max(0, x0 - stray);
  const int right = std::min(ink.cols - 1, x0 + stray);
  const int width = right - left + 1;
  cv::Mat cost(ink.rows, width, CV_64F);
  for (int y = 0; y < ink.rows; ++y)
    for (int x = 0; x < width; ++x) {
      double before = 0;
      if (y > 0) {
        before = cost.at<double>(y - 1, x);
        if (x > 0) before = std::min(before, cost.at<double>(y - 1, x - 1));
        if (x + 1 < width) before = std::min(before, cost.at<double>(y - 1, x + 1));
      }
      cost.at<double>(y, x) = before + static_cast<double>(ink.at<float>(y, left + x)) +
                              stray_cost * std::abs(left + x - x0);
    }
  Cut cut;
  cut.x.resize(static_cast<std::size_t>(ink.rows));
  const auto* last = cost.ptr<double>(ink.rows - 1);
  auto x = static_cast<int>(std::min_element(last, last + width) - last);
  double crossed = 0;
  for (int y = ink.rows - 1; y >= 0; --y) {
    cut.x[static_cast<std::size_t>(y)] = left + x;
    crossed += static_cast<double>(ink.at<float>(y, left + x));
    if (y == 0) break;
    int next = x;
    for (const int step : {x - 1, x + 1})
      if (step >= 0 && step < width && cost.at<double>(y - 1, step) < cost.at<double>(y - 1, next))
        next = step;
    x = next;
  }
  cut.crossed = crossed / std::max(1.0, stroke_width);
  return cut;
}

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

double cost_of_cut(const Cut& cut) {
  return cut.crossed < kGapCrossed ? kGapCost : kCutCost + kCrossingCost * cut.crossed;
}

// Erases small separate parts.
void drop_crumbs(cv::Mat& ink) {
  cv::Mat labels;
  const int count = cv::connectedComponents(ink > 0.3, labels, 8, CV_32S);
  if (count <= 2) return;
  std::vector<double> sums(static_cast<std::size_t>(count));
  for (int y = 0; y < ink.rows; ++y)
    for (int x = 0; x < ink.cols; ++x)
      sums[static_cast<std::size_t>(labels.at<int>(y, x))] +=
          static_cast<double>(ink.at<float>(y, x));
  const double total = cv::sum(ink)[0];
  cv::Mat crumbs = cv::Mat::zeros(ink.size(), CV_8U);
  bool any = false;
  for (int label = 1; label < count; ++label) {
    if (sums[static_cast<std::size_t>(label)] >= kCrumb * total) continue;
    crumbs.setTo(255, labels == label);
    any = true;
  }
  if (!any) return;
  cv::dilate(crumbs, crumbs, cv::getStructuringElement(cv::MORPH_RECT, {5, 5}));
  cv::Mat kept = cv::Mat::zeros(ink.size(), CV_8U);
  for (int label = 1; label < count; ++label)
    if (sums[static_cast<std::size_t>(label)] >= kCrumb * total) kept.setTo(255, labels == label);
  crumbs.setTo(0, kept);
  ink.setTo(0, crumbs);
}

}  // namespace

double mean_x(const Cut& cut) {
  double sum = 0;
  for (const int x : cut.x) sum += x;
  return sum / static_cast<double>(cut.x.size());
}

std::vector<Cut> find_cuts(const Glyph& glyph, double digit_height, double stroke_width) {
  const double spacing = std::max(1.0, kCutSpacing * digit_height);
  const int stray = std::max(2, static_cast<int>(kCutStray * digit_height));
  const double stray_cost = kStrayCost * 100 / std::max(digit_height, 1.0);
  const double narrowest = std::max(2.0, kNarrowest * digit_height);
  std::vector<Cut> cuts;
  for (double x = narrowest; x < glyph.ink.cols - narrowest; x += spacing) {
    Cut cut = cut_near(glyph.ink, static_cast<int>(x), stray, stray_cost, stroke_width);
    if (cut.crossed > kMostStrokes || lesser_share(glyph.ink, cut) < kLeastShare) continue;
    if (!cuts.empty() && mean_distance(cuts.back(), cut) < kSameCut * digit_height) {
      if (cut.crossed < cuts.back().crossed) cuts.back() = std::move(cut);
      continue;
    }
    cuts.push_back(std::move(cut));
  }
  std::ranges::stable_sort(cuts, {}, mean_x);
  return cuts;
}

Glyph between(const Glyph& glyph, const Cut* left, const Cut* right) {
  cv::Mat ink = glyph.ink.clone();
  for (int y = 0; y < ink.rows; ++y) {
    auto* row = ink.ptr<float>(y);
    const auto place = static_cast<std::size_t>(y);
    const int from = left == nullptr ? 0 : left->x[place];
    const int to = right == nullptr ? ink.cols : right->x[place];
    std::fill(row, row + from, 0.0F);
    if (to < ink.cols) std::fill(row + std::max(from, to), row + ink.cols, 0.0F);
  }
  drop_crumbs(ink);
  const cv::Rect box = cv::boundingRect(cv::Mat(ink > 0));
  if (box.empty()) return {};
  return {.box = box + glyph.box.tl(), .ink = ink(box).clone()};
}

std::vector<std::size_t> cheapest_row(std::span<const Segment> segments,
                                      std::span<const Cut> cuts) {
  constexpr double kNever = std::numeric_limits<double>::infinity();
  const std::size_t end = cuts.size() + 1;
  std::vector<double> costs(end + 1, kNever);
  std::vector<std::size_t> arrived(end + 1, segments.size());
  costs[0] = 0;
  // Segments run from left to right, so the cost of a boundary is final when it is visited.
  for (std::size_t boundary = 0; boundary < end; ++boundary) {
    if (costs[boundary] == kNever) continue;
    const double cut = boundary == 0 ? 0 : cost_of_cut(cuts[boundary - 1]);
    for (std::size_t i = 0; i < segments.size(); ++i) {
      if (segments[i].first != boundary) continue;
      const double cost = costs[boundary] + cut + segments[i].cost;
      if (cost >= costs[segments[i].last]) continue;
      costs[segments[i].last] = cost;
      arrived[segments[i].last] = i;
    }
  }
  std::vector<std::size_t> row;
  if (costs[end] == kNever) return row;
  for (std::size_t at = end; at != 0; at = segments[arrived[at]].first) row.push_back(arrived[at]);
  std::ranges::reverse(row);
  return row;
}

}  // namespace digitry
