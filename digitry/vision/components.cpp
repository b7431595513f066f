#include "digitry/vision/components.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <opencv2/imgproc.hpp>
#include <unordered_map>
#include <utility>

#include "digitry/base/quantile.h"
#include "digitry/vision/faint.h"
#include "digitry/vision/foreign.h"

namespace digitry {
namespace {

constexpr double kSpeckStrokes = 0.5;     // stroke widths; its square is the smallest area
constexpr double kSmallestDigit = 10;     // pixels
constexpr double kSpeck = 0.3;            // of a digit's height
constexpr double kLowestInStrokes = 2.2;  // stroke widths, if nothing else is known
constexpr double kLikeHeight = 0.6;       // of the higher one's height
constexpr double kBeside = 2;             // of the higher one's height
constexpr double kLowestDigit = 0.45;     // of a digit's height
constexpr double kFarthestPart = 0.12;    // of a digit's height
constexpr double kFarthestBar = 0.3;  // of a digit's height: gap between parts above one another
constexpr double kTallestBroken =
    1.7;                               // of a digit's height, which broken digits make look smaller
constexpr double kNeighbourGap = 0.1;  // of a digit's height
constexpr double kWidestJoined = 1;    // of a digit's height
constexpr double kAbove = 0.4;         // of the narrower one's width: overlap of the columns
constexpr double kBarelyLevel = 0.1;   // of the lower one's height: overlap of the rows
constexpr double kSideBySide = 0.4;    // of the lower one's height: overlap of the rows
constexpr std::size_t kMostParts = 4;  // of a digit alone in its picture
constexpr double kLower = 0.8;         // of the whole height
constexpr double kMuchLower = 0.65;    // of the whole height
constexpr double kInkLevel = 0.9;      // quantile of the darkness
constexpr double kFullInk = 0.8;       // of that quantile
constexpr double kSteepEdge = 0.95;    // quantile of the slope of the darkness
constexpr double kOutOfFocus = 0.05;   // of the height: more blur than this is reduced
constexpr double kFarOutOfFocus = 0.5;  // of the height of the ink: nobody could read that
constexpr double kSharpening = 3;
constexpr double kSharpFloor = 0.4;  // of the full ink: fainter than this is blur

int overlap(int begin_a, int length_a, int begin_b, int length_b) {
  return std::min(begin_a + length_a, begin_b + length_b) - std::max(begin_a, begin_b);
}
int overlap_x(const cv::Rect& a, const cv::Rect& b) { return overlap(a.x, a.width, b.x, b.width); }
int overlap_y(const cv::Rect& a, const cv::Rect& b) {
  return overlap(a.y, a.height, b.y, b.height);
}

}  // namespace

bool are_side_by_side(const cv::Rect& a, const cv::Rect& b) {
  return overlap_x(a, b) < kAbove * std::min(a.width, b.width) &&
         overlap_y(a, b) > kBarelyLevel * std::min(a.height, b.height);
}

namespace {

// Thickness and mean darkness of each component.
void measure_strokes(const cv::Mat& darkness, const cv::Mat& owners,
                     std::vector<Component>& components, int count) {
  std::vector<int> edges(static_cast<std::size_t>(count));
  std::vector<double> sums(static_cast<std::size_t>(count));
  for (int y = 0; y < owners.rows; ++y) {
    const int* row = owners.ptr<int>(y);
    const int* above = y > 0 ? owners.ptr<int>(y - 1) : nullptr;
    const int* below = y + 1 < owners.rows ? owners.ptr<int>(y + 1) : nullptr;
    const auto* dark = darkness.ptr<float>(y);
    for (int x = 0; x < owners.cols; ++x) {
      if (row[x] == 0) continue;
      const auto label = static_cast<std::size_t>(row[x]);
      sums[label] += static_cast<double>(dark[x]);
      const bool within = above != nullptr && below != nullptr && x > 0 && x + 1 < owners.cols &&
                          above[x] != 0 && below[x] != 0 && row[x - 1] != 0 && row[x + 1] != 0;
      edges[label] += within ? 0 : 1;
    }
  }
  for (Component& component : components) {
    const auto label = static_cast<std::size_t>(component.label);
    component.thickness = 2.0 * component.area / std::max(1, edges[label]);
    component.darkness = sums[label] / component.area;
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

// Whether something of about the same height stands beside the box. In cells, the remains of their
// lines do.
bool has_peer(const cv::Rect& box, const std::vector<Blob>& blobs) {
  return std::ranges::any_of(blobs, [&](const Blob& other) {
    const auto [lower, higher] = std::minmax(box.height, other.box.height);
    return other.box != box && other.cell < 0 && lower >= kLikeHeight * higher &&
           overlap_y(box, other.box) >= kSideBySide * lower && overlap_x(box, other.box) <= 0 &&
           -overlap_x(box, other.box) <= kBeside * higher;
  });
}

// Dots and commas; dashes and remains of ruled lines. Digits that are much smaller than others in
// the picture have others of their own size beside them.
bool is_too_small(const cv::Rect& box, double height, double stroke,
                  const std::vector<Blob>& blobs) {
  const int side = std::max(box.width, box.height);
  if (side < kSmallestDigit) return true;
  if (box.height < kLowestDigit * height && box.width > 2 * box.height) return true;
  return side < std::max(kSpeck * height, kLowestInStrokes * stroke) && !has_peer(box, blobs);
}

bool are_parts_of_one(const cv::Rect& a, const cv::Rect& b, bool linked, double height,
                      const std::vector<Blob>& blobs) {
  const int across = overlap_x(a, b);
  const int down = overlap_y(a, b);
  const cv::Rect common = a & b;
  const int smaller = std::min(a.area(), b.area());
  if (common.area() >= 0.8 * smaller) return true;
  const bool above = across >= kAbove * std::min(a.width, b.width);
  if (linked && !are_side_by_side(a, b)) return true;
  const cv::Rect both = a | b;
  if (both.height > kTallestBroken * height) return false;
  const cv::Rect& lower = a.height < b.height ? a : b;
  if (lower.height >= lower.width && -down > 0 && has_peer(lower, blobs)) return false;
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
  return std::max(kFullInk * static_cast<double>(quantile(darkness, kInkLevel)), 0.01);
}

// The standard deviation of the blur: it makes the edge of a stroke as dark as d at most
// d / (σ √(2π)) steep.
double blur_of(const cv::Mat& ink, double dark) {
  cv::Mat across;
  cv::Mat down;
  cv::Sobel(ink, across, CV_32F, 1, 0, 3, 1.0 / 8, 0, cv::BORDER_CONSTANT);
  cv::Sobel(ink, down, CV_32F, 0, 1, 3, 1.0 / 8, 0, cv::BORDER_CONSTANT);
  cv::magnitude(across, down, across);
  std::vector<float> slopes;
  for (int y = 0; y < ink.rows; ++y)
    for (int x = 0; x < ink.cols; ++x)
      if (ink.at<float>(y, x) > 0) slopes.push_back(across.at<float>(y, x));
  const auto steep = static_cast<double>(quantile(slopes, kSteepEdge));
  return dark / (std::sqrt(2 * std::numbers::pi) * std::max(1e-6, steep));
}

// The ink as if it were in focus, if it is not: an unsharp mask.
void bring_into_focus(cv::Mat& ink, std::vector<float>& darkness) {
  const double blur = blur_of(ink, ink_level(darkness) / kFullInk);
  // A flat interior has no slope: that is a block, not blur.
  if (blur < kOutOfFocus * ink.rows || blur > kFarOutOfFocus * ink.rows) return;
  cv::Mat smooth;
  cv::GaussianBlur(ink, smooth, {}, 1.4 * blur, 0, cv::BORDER_CONSTANT);
  ink = cv::max(ink + kSharpening * (ink - smooth), 0.0);
  const auto sample = [&] {
    darkness.clear();
    for (int y = 0; y < ink.rows; ++y)
      for (int x = 0; x < ink.cols; ++x)
        if (ink.at<float>(y, x) > 0) darkness.push_back(ink.at<float>(y, x));
  };
  sample();
  ink = cv::max(ink - kSharpFloor * ink_level(darkness), 0.0);
  sample();
}

}  // namespace

Components find_components(const Paper& paper) {
  const cv::Mat strong = strong_mask(paper.ink);
  Components components;
  components.stroke_width = paper.ink.stroke_width;
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
    components.all.push_back({.label = label, .box = box, .area = area});
    if (paper.cells) components.all.back().cell = paper.cells->at(box);
  }
  std::ranges::stable_sort(components.all, std::greater{}, &Component::area);
  if (components.all.size() > kMaxComponents) components.all.resize(kMaxComponents);
  measure_strokes(paper.ink.darkness, components.owners, components.all, count);
  components.list = components.all;
  if (paper.cells)
    std::erase_if(components.list, [&](const Component& component) {
      if (component.cell < 0)
        components.left_out.push_back({component.box, LeftOutReason::kOutside});
      return component.cell < 0;
    });
  leave_out_foreign(components, stroke);
  if (!components.list.empty()) add_faint(paper, components);
  return components;
}

std::vector<Blob> join_broken(const Components& components, std::vector<Foreign>* left_out) {
  const double height = components.digit_height;
  std::vector<Blob> blobs;
  for (const Component& component : components.list)
    blobs.push_back({{component.label}, component.box, component.cell});
  Groups groups(blobs.size());
  for (std::size_t i = 0; i < blobs.size(); ++i)
    for (std::size_t j = i + 1; j < blobs.size(); ++j)
      if (blobs[i].cell == blobs[j].cell &&
          are_parts_of_one(blobs[i].box, blobs[j].box,
                           components.linked.contains(
                               std::minmax(components.list[i].label, components.list[j].label)),
                           height, blobs))
        groups.join(i, j);
  std::vector<Blob> whole;
  for (const auto& members : members_of(groups, blobs.size()))
    whole.push_back(together(blobs, members));
  const double stroke = components.stroke_width;
  std::vector<Blob> kept;
  for (const Blob& blob : whole) {
    if (!is_too_small(blob.box, height, stroke, whole))
      kept.push_back(blob);
    else if (left_out != nullptr)
      left_out->push_back({blob.box, LeftOutReason::kSmall});
  }
  return kept;
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
      if (blobs[i].cell != blobs[j].cell) continue;
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
  // A digit's parts are close to one another; what is not may be a digit of another size.
  for (const Blob& blob : blobs) {
    const bool close = std::ranges::any_of(blobs, [&](const Blob& other) {
      return &other != &blob && -overlap_x(blob.box, other.box) <= kFarthestPart * whole.height &&
             -overlap_y(blob.box, other.box) <= kFarthestPart * whole.height;
    });
    const bool upright = blob.box.height >= blob.box.width;
    if (!close || (blobs.size() > 2 && upright && has_peer(blob.box, blobs))) return false;
  }
  if (any_doubt) return lowest < kLower * whole.height;
  const cv::Rect& a = blobs[0].box;
  const cv::Rect& b = blobs[1].box;
  return blobs.size() == 2 && lowest <= kMuchLower * whole.height && overlap_x(a, b) >= 0 &&
         overlap_y(a, b) >= kSideBySide * lowest;
}

Blob together(const std::vector<Blob>& blobs, const std::vector<std::size_t>& indices) {
  Blob whole;
  if (!indices.empty()) whole.cell = blobs[indices.front()].cell;
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
  cv::Mat ink = glyph.ink(inked).clone();
  if (!darkness.empty()) bring_into_focus(ink, darkness);
  glyph.ink = cv::min(ink / ink_level(std::move(darkness)), 1.0);
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
