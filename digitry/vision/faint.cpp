#include "digitry/vision/faint.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <opencv2/imgproc.hpp>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace digitry {
namespace {

constexpr double kBridgeReach = 0.5;  // of the height of the highest component, from either end
constexpr double kLongestBridge = 1;  // of the height of the higher component
constexpr double kDeepest = 1;        // of half a stroke and a pixel: the mean depth of the ink

// The first four have a side in common with the pixel.
const std::array<cv::Point, 8> kAside = {cv::Point(1, 0), {-1, 0}, {0, 1},  {0, -1},
                                         {1, 1},          {-1, 1}, {1, -1}, {-1, -1}};

using LabelPair = std::pair<int, int>;

// Finds the shortest ways through faint ink between components that are above one another.
class Bridges {
 public:
  Bridges(const cv::Mat& weak, Components& components)
      : weak_(weak),
        components_(components),
        far_(cv::Mat::zeros(weak.size(), CV_32S)),
        from_(cv::Mat::zeros(weak.size(), CV_8U)) {
    for (const Component& component : components.list) boxes_[component.label] = component.box;
    for (const Foreign& foreign : components.left_out)
      if (foreign.reason == LeftOutReason::kFaint) faint_.insert(foreign.label);
    for (int y = 0; y < weak.rows; ++y)
      for (int x = 0; x < weak.cols; ++x)
        if (!is_free({x, y})) front_.emplace_back(x, y);
  }

  // Grows the components by so many steps more. Does not change their ink.
  void grow(int steps) {
    std::vector<cv::Point> next;
    for (int step = 0; step < steps && !front_.empty(); ++step) {
      next.clear();
      for (const cv::Point& at : front_)
        for (std::size_t way = 0; way < kAside.size(); ++way) visit(at, way, next);
      front_.swap(next);
    }
  }

  // Gives the ink of the bridges to the components and links them.
  void add(double stroke_width) {
    cv::Mat depth;  // From the edge of the ink.
    if (!ways_.empty()) cv::distanceTransform(weak_, depth, cv::DIST_L2, 3);
    const int radius = cvCeil(stroke_width / 2) + 1;
    for (const auto& [pair, way] : ways_) {
      double sum = 0;
      for (const cv::Point& at : way) sum += static_cast<double>(depth.at<float>(at));
      if (sum > kDeepest * radius * static_cast<double>(way.size())) continue;
      for (const cv::Point& at : way) give(at, radius, pair);
      components_.linked.insert(pair);
    }
  }

 private:
  int& owner(const cv::Point& at) const { return components_.owners.at<int>(at); }

  // Gives the ink about a pixel of a bridge to the nearer of the two components.
  void give(const cv::Point& way, int radius, const LabelPair& pair) {
    const cv::Rect all({0, 0}, weak_.size());
    const cv::Rect about =
        cv::Rect(way.x - radius, way.y - radius, 2 * radius + 1, 2 * radius + 1) & all;
    for (int y = about.y; y < about.y + about.height; ++y)
      for (int x = about.x; x < about.x + about.width; ++x) {
        const cv::Point at(x, y);
        if (weak_.at<std::uint8_t>(at) == 0 || !is_free(at)) continue;
        std::erase_if(components_.left_out, [&](const Foreign& foreign) {
          return foreign.label != 0 && foreign.label == owner(at);
        });
        owner(at) = far_.at<int>(at) == pair.second ? pair.second : pair.first;
      }
  }

  // Nothing else's: paper, or what was left out because it is faint.
  bool is_free(const cv::Point& at) const { return owner(at) == 0 || faint_.contains(owner(at)); }

  int label(const cv::Point& at) const { return is_free(at) ? far_.at<int>(at) : owner(at); }

  void visit(const cv::Point& at, std::size_t way, std::vector<cv::Point>& next) {
    const cv::Point to = at + kAside[way];
    if (!to.inside(cv::Rect({0, 0}, weak_.size())) || weak_.at<std::uint8_t>(to) == 0) return;
    const int here = label(at);
    if (const int there = label(to); there != 0) {
      if (there != here) meet(at, to);
      return;
    }
    far_.at<int>(to) = here;
    from_.at<std::uint8_t>(to) = static_cast<std::uint8_t>(way);
    next.push_back(to);
  }

  void meet(const cv::Point& a, const cv::Point& b) {
    const LabelPair pair = std::minmax(label(a), label(b));
    if (ways_.contains(pair) || components_.linked.contains(pair)) return;
    const auto first = boxes_.find(pair.first);
    const auto second = boxes_.find(pair.second);
    if (first == boxes_.end() || second == boxes_.end() ||
        are_side_by_side(first->second, second->second))
      return;
    std::vector<cv::Point> way;
    for (cv::Point at : {a, b})
      while (far_.at<int>(at) != 0) {
        way.push_back(at);
        at -= kAside[from_.at<std::uint8_t>(at)];
      }
    const int higher = std::max(first->second.height, second->second.height);
    if (static_cast<double>(way.size()) <= kLongestBridge * higher) ways_[pair] = std::move(way);
  }

  const cv::Mat& weak_;
  Components& components_;
  cv::Mat far_;   // The label of the nearest component, where it is too far for `owners`.
  cv::Mat from_;  // The index in `kAside` of the step to such a pixel.
  std::vector<cv::Point> front_;
  std::unordered_map<int, cv::Rect> boxes_;
  std::unordered_set<int> faint_;
  std::map<LabelPair, std::vector<cv::Point>> ways_;
};

// What is too small for a component of its own may be part of a faint stroke.
void free_specks(Components& components) {
  std::unordered_set<int> labels;
  for (const Component& component : components.all) labels.insert(component.label);
  for (int& label : cv::Mat_<int>(components.owners))
    if (label != 0 && !labels.contains(label)) label = 0;
}

}  // namespace

void add_faint(const Paper& paper, Components& components) {
  cv::Mat& owners = components.owners;
  const cv::Mat weak = weak_mask(paper.ink);
  free_specks(components);
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
      for (std::size_t way = 0; way < 4; ++way) {
        const cv::Point to = at + kAside[way];
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
  const cv::Mat faintest = faintest_mask(paper.ink);
  Bridges bridges(faintest, components);
  const Component& tallest = std::ranges::max(
      components.list, {}, [](const Component& component) { return component.box.height; });
  bridges.grow(cvRound(kBridgeReach * tallest.box.height));
  bridges.add(paper.ink.stroke_width);
}

}  // namespace digitry
