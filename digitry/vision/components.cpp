#include "digitry/vision/components.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <opencv2/imgproc.hpp>
#include <unordered_map>
#include <utility>

namespace digitry {
namespace {

constexpr double kFaintStrokes = 3;     // stroke widths: how far faint ink continues a stroke
constexpr double kSpeckStrokes = 0.5;   // stroke widths; its square is the smallest area
constexpr double kSmallestDigit = 10;   // pixels
constexpr double kSpeck = 0.3;          // of a digit's height
constexpr double kLowestDigit = 0.45;   // of a digit's height
constexpr double kFarthestPart = 0.12;  // of a digit's height
constexpr double kFarthestBar = 0.3;    // of a digit's height: gap between parts above one another
constexpr double kTallestBroken =
    1.7;                               // of a digit's height, which broken digits make look smaller
constexpr double kNeighbourGap = 0.1;  // of a digit's height
constexpr double kWidestJoined = 1;    // of a digit's height
constexpr double kSideBySide = 0.4;    // of the lower one's height: overlap of the rows
constexpr std::size_t kMostParts = 4;  // of a digit alone in its picture
constexpr double kLower = 0.8;         // of the whole height
constexpr double kMuchLower = 0.65;    // of the whole height
constexpr double kInkLevel = 0.9;      // quantile of the darkness
constexpr double kFullInk = 0.8;       // of that quantile

int overlap(int begin_a, int length_a, int begin_b, int length_b) {
  return std::min(begin_a + length_a, begin_b + length_b) - std::max(begin_a, begin_b);
}
int overlap_x(const cv::Rect& a, const cv::Rect& b) { return overlap(a.x, a.width, b.x, b.width); }
int overlap_y(const cv::Rect& a, const cv::Rect& b) {
  return overlap(a.y, a.height, b.y, b.height);
}

// The median height of the components, weighted by their area.
double typical_height(const std::vector<Component>& components) {
  std::vector<std::pair<int, int>> heights;
  std::int64_t total = 0;
  for (const Component& component : components) {
    heights.emplace_back(component.box.height, component.area);
    total += component.area;
  }
  std::ranges::sort(heights);
  std::int64_t below = 0;
  for (const auto& [height, area] : heights)
    if (2 * (below += area) >= total) return height;
  return 0;
}

// Grows the components into the faint ink step by step, so that each faint pixel gets the label of
// the nearest component: strokes continue where the pen pressed lightly.
void add_faint(const Paper& paper, Components& components) {
  cv::Mat& owners = components.owners;
  const cv::Mat weak = weak_mask(paper.ink);
  const auto steps = static_cast<int>(std::max(2.0, kFaintStrokes * paper.ink.stroke_width));
  std::vector<cv::Point> front;
  for (int y = 0; y < owners.rows; ++y)
    for (int x = 0; x < owners.cols; ++x)
      if (owners.at<int>(y, x) != 0) front.emplace_back(x, y);
  const cv::Rect inside({0, 0}, owners.size());
  std::vector<cv::Point> next;
  for (int step = 0; step < steps && !front.empty(); ++step) {
    next.clear();
    for (const cv::Point& at : front) {
      const int label = owners.at<int>(at);
      for (const cv::Point& aside : {cv::Point(1, 0), {-1, 0}, {0, 1}, {0, -1}}) {
        const cv::Point to = at + aside;
        if (!to.inside(inside) || weak.at<std::uint8_t>(to) == 0) continue;
        int& owner = owners.at<int>(to);
        if (owner != 0 && owner != label) components.linked.insert(std::minmax(owner, label));
        if (owner != 0) continue;
        owner = label;
        next.push_back(to);
      }
    }
    front.swap(next);
  }
}

// Disjoint sets of indices.
class Groups {
 public:
  explicit Groups(std::size_t count) : parents_(count) {
    std::iota(parents_.begin(), parents_.end(), std::size_t{0});
  }
  std::size_t of(std::size_t i) {
    while (parents_[i] != i) i = parents_[i] = parents_[parents_[i]];
    return i;
  }
  void join(std::size_t a, std::size_t b) { parents_[of(a)] = of(b); }

 private:
  std::vector<std::size_t> parents_;
};

std::vector<std::vector<std::size_t>> members_of(Groups& groups, std::size_t count) {
  std::unordered_map<std::size_t, std::size_t> places;
  std::vector<std::vector<std::size_t>> members;
  for (std::size_t i = 0; i < count; ++i) {
    const auto [entry, fresh] = places.try_emplace(groups.of(i), members.size());
    if (fresh) members.emplace_back();
    members[entry->second].push_back(i);
  }
  return members;
}

// Dots and commas; dashes and remains of ruled lines.
bool is_too_small(const cv::Rect& box, double height) {
  if (std::max(box.width, box.height) < std::max(kSpeck * height, kSmallestDigit)) return true;
  return box.height < kLowestDigit * height && box.width > 2 * box.height;
}

bool are_parts_of_one(const cv::Rect& a, const cv::Rect& b, bool linked, double height) {
  const int across = overlap_x(a, b);
  const int down = overlap_y(a, b);
  const cv::Rect common = a & b;
  const int smaller = std::min(a.area(), b.area());
  if (common.area() >= 0.8 * smaller) return true;
  const bool above = across >= 0.4 * std::min(a.width, b.width);
  if (above && linked) return true;
  const cv::Rect both = a | b;
  if (both.height > kTallestBroken * height) return false;
  if (above && -down <= kFarthestBar * height) return true;
  const bool flat = std::min(a.height, b.height) < kLowestDigit * height;
  return flat && std::max(both.width, both.height) <= kTallestBroken * height &&
         -across <= kFarthestPart * height && -down <= kFarthestBar * height;
}

cv::Rect grown(const cv::Rect& box, int by, const cv::Size& within) {
  return cv::Rect(box.x - by, box.y - by, box.width + 2 * by, box.height + 2 * by) &
         cv::Rect({0, 0}, within);
}

// The darkness that becomes 1. It is less than the pen's, so that edges, which pictures blur,
// become as steep as MNIST's.
double ink_level(std::vector<float> darkness) {
  if (darkness.empty()) return 1;
  const auto place = darkness.begin() + static_cast<std::ptrdiff_t>(
                                            kInkLevel * static_cast<double>(darkness.size() - 1));
  std::nth_element(darkness.begin(), place, darkness.end());
  return std::max(kFullInk * static_cast<double>(*place), 0.01);
}

}  // namespace

Components find_components(const Paper& paper) {
  const cv::Mat strong = strong_mask(paper.ink);
  Components components;
  cv::Mat stats;
  cv::Mat centers;
  const int count =
      cv::connectedComponentsWithStats(strong, components.owners, stats, centers, 8, CV_32S);
  const double stroke = paper.ink.stroke_width;
  const double least_area = std::max(4.0, kSpeckStrokes * kSpeckStrokes * stroke * stroke);
  for (int label = 1; label < count; ++label) {
    const cv::Rect box(
        stats.at<int>(label, cv::CC_STAT_LEFT), stats.at<int>(label, cv::CC_STAT_TOP),
        stats.at<int>(label, cv::CC_STAT_WIDTH), stats.at<int>(label, cv::CC_STAT_HEIGHT));
    const int area = stats.at<int>(label, cv::CC_STAT_AREA);
    if (area < least_area) continue;
    components.list.push_back({label, box, area});
  }
  std::ranges::stable_sort(components.list, std::greater{}, &Component::area);
  if (components.list.size() > kMaxComponents) components.list.resize(kMaxComponents);
  components.digit_height = typical_height(components.list);
  if (!components.list.empty()) add_faint(paper, components);
  return components;
}

std::vector<Blob> join_broken(const Components& components) {
  const double height = components.digit_height;
  std::vector<Blob> blobs;
  for (const Component& component : components.list)
    blobs.push_back({{component.label}, component.box});
  Groups groups(blobs.size());
  for (std::size_t i = 0; i < blobs.size(); ++i)
    for (std::size_t j = i + 1; j < blobs.size(); ++j)
      if (are_parts_of_one(blobs[i].box, blobs[j].box,
                           components.linked.contains(
                               std::minmax(components.list[i].label, components.list[j].label)),
                           height))
        groups.join(i, j);
  std::vector<Blob> whole;
  for (const auto& members : members_of(groups, blobs.size()))
    whole.push_back(together(blobs, members));
  std::erase_if(whole, [&](const Blob& blob) { return is_too_small(blob.box, height); });
  return whole;
}

std::vector<std::vector<std::size_t>> group_neighbours(const std::vector<Blob>& blobs,
                                                       const std::vector<bool>& doubtful,
                                                       double digit_height) {
  Groups groups(blobs.size());
  for (std::size_t i = 0; i < blobs.size(); ++i)
    for (std::size_t j = i + 1; j < blobs.size(); ++j) {
      if (!doubtful[i] && !doubtful[j]) continue;
      const cv::Rect& a = blobs[i].box;
      const cv::Rect& b = blobs[j].box;
      const bool side_by_side = overlap_y(a, b) >= kSideBySide * std::min(a.height, b.height);
      const bool close = -overlap_x(a, b) <= kNeighbourGap * digit_height;
      const bool narrow = (a | b).width <= kWidestJoined * digit_height;
      if (side_by_side && close && narrow) groups.join(i, j);
    }
  return members_of(groups, blobs.size());
}

bool may_be_only_digit(const std::vector<Blob>& blobs, bool any_doubt) {
  if (blobs.size() < 2 || blobs.size() > kMostParts) return false;
  cv::Rect whole;
  for (const Blob& blob : blobs) whole |= blob.box;
  const int lowest =
      std::ranges::min(blobs, {}, [](const Blob& b) { return b.box.height; }).box.height;
  if (any_doubt) return lowest < kLower * whole.height;
  const cv::Rect& a = blobs[0].box;
  const cv::Rect& b = blobs[1].box;
  return blobs.size() == 2 && lowest <= kMuchLower * whole.height && overlap_x(a, b) >= 0 &&
         overlap_y(a, b) >= kSideBySide * lowest;
}

Blob together(const std::vector<Blob>& blobs, const std::vector<std::size_t>& indices) {
  Blob whole;
  for (const std::size_t i : indices) {
    whole.labels.insert(whole.labels.end(), blobs[i].labels.begin(), blobs[i].labels.end());
    whole.box |= blobs[i].box;
  }
  return whole;
}

Glyph cut_out(const Paper& paper, const Components& components, const Blob& blob) {
  const cv::Mat& owners = components.owners;
  const auto halo = static_cast<int>(std::max(2.0, kFaintStrokes * paper.ink.stroke_width));
  Glyph glyph{.box = grown(blob.box, halo, owners.size()), .ink = {}};
  glyph.ink = cv::Mat::zeros(glyph.box.size(), CV_32F);
  std::vector<float> darkness;
  for (int y = 0; y < glyph.box.height; ++y)
    for (int x = 0; x < glyph.box.width; ++x) {
      const cv::Point at(glyph.box.x + x, glyph.box.y + y);
      const int owner = owners.at<int>(at);
      if (owner == 0 || std::ranges::find(blob.labels, owner) == blob.labels.end()) continue;
      const float dark = paper.ink.darkness.at<float>(at);
      glyph.ink.at<float>(y, x) = dark;
      darkness.push_back(dark);
    }
  const cv::Rect inked = cv::boundingRect(cv::Mat(glyph.ink > 0));
  glyph.ink = cv::min(glyph.ink(inked) / ink_level(std::move(darkness)), 1.0);
  glyph.box = inked + glyph.box.tl();
  return glyph;
}

double lean_of(const Glyph& glyph) {
  const cv::Moments moments = cv::moments(glyph.ink);
  return moments.mu02 > 0 ? -moments.mu11 / moments.mu02 : 0;
}

Glyph sheared(const Glyph& glyph, double lean) {
  // If strokes lean to the right, rows above the middle move to the left.
  const double middle = glyph.ink.rows / 2.0;
  const int margin = static_cast<int>(std::ceil(std::fabs(lean) * middle)) + 1;
  const cv::Matx23d shear(1, lean, margin - lean * middle, 0, 1, 0);
  Glyph upright{.box = glyph.box, .ink = {}};
  cv::warpAffine(glyph.ink, upright.ink, shear, {glyph.ink.cols + 2 * margin, glyph.ink.rows},
                 cv::INTER_LINEAR, cv::BORDER_CONSTANT, 0);
  return upright;
}

}  // namespace digitry
