#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <utility>
#include <vector>

#include "digitry/vision/page.h"

namespace digitry {
namespace {

constexpr double kWaviness = 1.0 / 300;      // of the page's height; how far a line may stray
constexpr double kInterruption = 1.0 / 100;  // of the page's width; how long it may be interrupted
constexpr double kShortestRun = 1.0 / 5;     // of the page's width
constexpr double kRuleCoverage = 0.6;        // where there are several
constexpr double kLoneCoverage = 0.85;       // where there are not, from edge to edge
constexpr double kEdge = 0.03;               // of the page's width
constexpr double kThickest = 1.0 / 50;       // of the page's height, before strokes are known
constexpr std::size_t kSeveral = 3;

// Rows [top, bottom] that a rule lies in.
struct Band {
  int top = 0;
  int bottom = 0;
};

struct RowCover {
  double coverage = 0;
  bool edge_to_edge = false;
};

RowCover cover_of(const cv::Mat& runs, const cv::Mat& inside, int y) {
  const auto* run = runs.ptr<std::uint8_t>(y);
  const auto* page = inside.ptr<std::uint8_t>(y);
  int first = runs.cols;
  int last = -1;
  int first_run = runs.cols;
  int last_run = -1;
  int covered = 0;
  int total = 0;
  for (int x = 0; x < runs.cols; ++x) {
    if (page[x] == 0) continue;
    ++total;
    first = std::min(first, x);
    last = x;
    if (run[x] == 0) continue;
    ++covered;
    first_run = std::min(first_run, x);
    last_run = x;
  }
  if (total < runs.cols / 4) return {};
  const double edge = kEdge * total;
  return {static_cast<double>(covered) / total,
          first_run - first <= edge && last - last_run <= edge};
}

// Horizontal runs of the mask that are long enough for a rule, each as high as it may stray.
cv::Mat long_runs(const cv::Mat& mask) {
  const auto rect = [](int width, int height) {
    return cv::getStructuringElement(cv::MORPH_RECT, {width, height});
  };
  const int stray = 2 * std::max(1, cvRound(mask.rows * kWaviness / 2)) + 1;
  cv::Mat runs;
  cv::dilate(mask, runs, rect(1, stray));
  cv::morphologyEx(runs, runs, cv::MORPH_CLOSE,
                   rect(std::max(3, cvRound(mask.cols * kInterruption)), 1));
  cv::morphologyEx(runs, runs, cv::MORPH_OPEN,
                   rect(std::max(3, cvRound(mask.cols * kShortestRun)), 1));
  return runs;
}

std::vector<Band> find_bands(const cv::Mat& runs, const cv::Mat& inside, double stroke_width) {
  std::vector<Band> several;
  std::vector<Band> lone;
  bool in_several = false;
  bool in_lone = false;
  const auto extend = [](std::vector<Band>& bands, bool& open, bool here, int y) {
    if (here && open) bands.back().bottom = y;
    if (here && !open) bands.push_back({y, y});
    open = here;
  };
  for (int y = 0; y < runs.rows; ++y) {
    const RowCover cover = cover_of(runs, inside, y);
    extend(several, in_several, cover.coverage >= kRuleCoverage, y);
    extend(lone, in_lone, cover.coverage >= kLoneCoverage && cover.edge_to_edge, y);
  }
  // Something as thick as that is no rule.
  const double most = 2 * stroke_width + 2 * std::max(1.0, runs.rows * kWaviness) + 3;
  const auto too_thick = [most](const Band& band) { return band.bottom - band.top + 1 > most; };
  std::erase_if(several, too_thick);
  std::erase_if(lone, too_thick);
  return several.size() >= kSeveral ? several : lone;
}

// The runs of a column of the mask that touch the band: [first, last] rows.
std::vector<Band> column_runs(const cv::Mat& mask, int x, const Band& band) {
  std::vector<Band> runs;
  for (int y = band.top; y <= band.bottom; ++y) {
    if (mask.at<std::uint8_t>(y, x) == 0) continue;
    Band run{y, y};
    while (run.top > 0 && mask.at<std::uint8_t>(run.top - 1, x) != 0) --run.top;
    while (run.bottom + 1 < mask.rows && mask.at<std::uint8_t>(run.bottom + 1, x) != 0)
      ++run.bottom;
    runs.push_back(run);
    y = run.bottom;
  }
  return runs;
}

int thickness_of(const cv::Mat& mask, const Band& band) {
  std::vector<int> lengths;
  for (int x = 0; x < mask.cols; ++x)
    for (const Band& run : column_runs(mask, x, band)) lengths.push_back(run.bottom - run.top + 1);
  if (lengths.empty()) return 0;
  const auto middle = lengths.begin() + std::ssize(lengths) / 2;
  std::nth_element(lengths.begin(), middle, lengths.end());
  return *middle;
}

// Where a run of the column is not longer than the rule is thick, nothing crosses it there.
void erase_rule(cv::Mat& darkness, const cv::Mat& mask, const Band& band) {
  const int longest = thickness_of(mask, band) * 3 / 2 + 1;
  for (int x = 0; x < mask.cols; ++x)
    for (const Band& run : column_runs(mask, x, band)) {
      if (run.bottom - run.top + 1 > longest) continue;
      for (int y = std::max(0, run.top - 1); y <= std::min(mask.rows - 1, run.bottom + 1); ++y)
        darkness.at<float>(y, x) = 0;
    }
}

// Both in the same frame, in which the rules are rows.
std::vector<Band> erase_rules(cv::Mat& darkness, const cv::Mat& mask, const cv::Mat& inside,
                              double stroke_width, std::size_t fewest) {
  std::vector<Band> bands = find_bands(long_runs(mask), inside, stroke_width);
  if (bands.size() < fewest) return {};
  for (const Band& band : bands) erase_rule(darkness, mask, band);
  return bands;
}

}  // namespace

int remove_rules(Page& page) {
  const cv::Mat mask = weak_mask(page.ink);
  const double width =
      page.ink.stroke_width > 0 ? page.ink.stroke_width : std::max(6.0, mask.rows * kThickest);
  const auto rows = erase_rules(page.ink.darkness, mask, page.inside, width, 1);
  if (rows.empty()) return 0;
  // Squared paper has both kinds; columns alone would rather be a row of ones.
  cv::Mat sideways = page.ink.darkness.t();
  const auto columns =
      erase_rules(sideways, cv::Mat(mask.t()), cv::Mat(page.inside.t()), width, kSeveral);
  if (!columns.empty()) page.ink.darkness = sideways.t();
  return static_cast<int>(rows.size() + columns.size());
}

}  // namespace digitry
