#include "digitry/vision/paper.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <opencv2/imgproc.hpp>
#include <utility>
#include <vector>

#include "digitry/base/quantile.h"

namespace digitry {
namespace {

constexpr double kMaxSkew = 15;  // degrees
constexpr double kRulingSide = 800;
constexpr double kRulingPeak = 0.3;  // of the paper's width: least ink in one row
constexpr double kCoarseStep = 0.25;
constexpr double kFineStep = 0.05;
constexpr double kBoxStep = 0.25;
constexpr double kAlignment = 0.12;  // of a digit's height
constexpr double kReach = 8;         // digit heights
constexpr double kSkewPrior = 40;    // degrees; only breaks ties

double radians(double degrees) { return degrees * std::numbers::pi / 180; }

struct RowProfile {
  double energy = 0;  // Sum of squares.
  double peak = 0;
};

// Counts the points in each row after a rotation by the angle.
RowProfile row_profile(const std::vector<cv::Point>& points, double degrees, cv::Size size,
                       std::vector<int>& rows) {
  const double cosine = std::cos(radians(degrees));
  const double sine = std::sin(radians(degrees));
  const int offset = size.width;  // Rotated rows may be negative.
  rows.assign(2 * static_cast<std::size_t>(size.width) + static_cast<std::size_t>(size.height) + 2,
              0);
  for (const cv::Point& point : points)
    ++rows[static_cast<std::size_t>(std::lround(point.y * cosine - point.x * sine) + offset)];
  RowProfile profile;
  for (const int count : rows) {
    profile.energy += static_cast<double>(count) * count;
    profile.peak = std::max(profile.peak, static_cast<double>(count));
  }
  return profile;
}

double pairs_in_line(const std::vector<cv::Point2d>& centers, double degrees, double height) {
  const double slope = std::tan(radians(degrees));
  double sum = 0;
  for (std::size_t i = 0; i < centers.size(); ++i)
    for (std::size_t j = i + 1; j < centers.size(); ++j) {
      const cv::Point2d step = centers[j] - centers[i];
      if (std::fabs(step.x) > kReach * height || std::fabs(step.x) < height / 3) continue;
      const double off = (step.y - slope * step.x) / (kAlignment * height);
      sum += std::exp(-off * off / 2);
    }
  return sum * std::exp(-degrees * degrees / (2 * kSkewPrior * kSkewPrior));
}

}  // namespace

int Cells::at(const cv::Rect& box) const {
  const cv::Point middle = (box.tl() + box.br()) / 2;
  return middle.inside({{0, 0}, of.size()}) ? of.at<int>(middle) : -1;
}

Paper level_paper(const Ink& ink, double skew_degrees) {
  Paper paper{.ink = ink,
              .inside = cv::Mat(ink.darkness.size(), CV_8U, cv::Scalar(255)),
              .to_working = cv::Matx33d::eye(),
              .skew_degrees = skew_degrees};
  paper.ink.darkness = ink.darkness.clone();
  if (skew_degrees == 0) return paper;
  const cv::Size from = ink.darkness.size();
  cv::Mat turn = cv::getRotationMatrix2D(
      {static_cast<float>(from.width) / 2, static_cast<float>(from.height) / 2}, skew_degrees, 1);
  const double cosine = std::fabs(turn.at<double>(0, 0));
  const double sine = std::fabs(turn.at<double>(0, 1));
  const cv::Size to(cvCeil(from.width * cosine + from.height * sine),
                    cvCeil(from.width * sine + from.height * cosine));
  turn.at<double>(0, 2) += (to.width - from.width) / 2.0;
  turn.at<double>(1, 2) += (to.height - from.height) / 2.0;
  cv::warpAffine(ink.darkness, paper.ink.darkness, turn, to, cv::INTER_LINEAR, cv::BORDER_CONSTANT,
                 0);
  cv::warpAffine(cv::Mat(paper.inside), paper.inside, turn, to, cv::INTER_NEAREST,
                 cv::BORDER_CONSTANT, 0);
  cv::Mat back;
  cv::invertAffineTransform(turn, back);
  for (int i = 0; i < 6; ++i) paper.to_working.val[i] = back.ptr<double>()[i];
  return paper;
}

double find_ruling_skew(const Ink& ink) {
  cv::Mat mask = weak_mask(ink);
  const double factor = std::min(1.0, kRulingSide / std::max(mask.rows, mask.cols));
  // Averaging keeps thin lines above the threshold below.
  const cv::Size small(std::max(1, cvRound(mask.cols * factor)),
                       std::max(1, cvRound(mask.rows * factor)));
  cv::resize(mask, mask, small, 0, 0, cv::INTER_AREA);
  std::vector<cv::Point> points;
  cv::findNonZero(mask > 80, points);
  std::vector<int> rows;
  double best = 0;
  double energy = 0;
  const auto try_angle = [&](double degrees) {
    const double found = row_profile(points, degrees, mask.size(), rows).energy;
    if (found > energy) {
      energy = found;
      best = degrees;
    }
  };
  for (double degrees = -kMaxSkew; degrees <= kMaxSkew; degrees += kCoarseStep) try_angle(degrees);
  const double coarse = best;
  for (double off = -kCoarseStep; off <= kCoarseStep; off += kFineStep) try_angle(coarse + off);
  const RowProfile profile = row_profile(points, best, mask.size(), rows);
  return profile.peak >= kRulingPeak * mask.cols ? best : 0;
}

double find_box_skew(const std::vector<cv::Rect>& boxes, double digit_height) {
  if (boxes.size() < 3 || digit_height <= 0) return 0;
  std::vector<cv::Point2d> centers;
  for (const cv::Rect& box : boxes)
    centers.emplace_back(box.x + box.width / 2.0, box.y + box.height / 2.0);
  double best = 0;
  double most = pairs_in_line(centers, 0, digit_height);
  for (double degrees = -kMaxSkew; degrees <= kMaxSkew; degrees += kBoxStep) {
    const double found = pairs_in_line(centers, degrees, digit_height);
    if (found > most) {
      most = found;
      best = degrees;
    }
  }
  return best;
}

namespace {

constexpr double kWaviness = 1.0 / 300;      // of the paper's height: how far a rule may stray
constexpr double kInterruption = 1.0 / 100;  // of the paper's width: longest gap in a rule
constexpr double kShortestRun = 1.0 / 5;     // of the paper's width
constexpr double kRuleCoverage = 0.6;        // of the paper's width, if there are several rules
constexpr double kLoneCoverage = 0.85;       // the same if there are fewer, from edge to edge
constexpr float kStrokeOnRule = 1.4F;        // of the rule's darkness
constexpr float kLeastDarker = 0.1F;         // more than the rule's darkness
constexpr float kMoreInkOnRule = 1.5F;       // of the rule's darkness, summed across it
constexpr double kLoneRuleLength = 2.2;      // of the height of the writing
constexpr double kEdge = 0.03;               // of the paper's width
constexpr double kThickest = 1.0 / 50;       // of the paper's height, before strokes are known
constexpr std::size_t kSeveral = 3;

// Rows [top, bottom] of a rule.
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
  const auto* paper = inside.ptr<std::uint8_t>(y);
  int first = runs.cols;
  int last = -1;
  int first_run = runs.cols;
  int last_run = -1;
  int covered = 0;
  int total = 0;
  for (int x = 0; x < runs.cols; ++x) {
    if (paper[x] == 0) continue;
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

// Horizontal runs of the mask that are long enough for a rule, widened by how far a rule may stray.
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

double thickest_rule(const cv::Mat& mask, double stroke_width) {
  return 2 * stroke_width + 2 * std::max(1.0, mask.rows * kWaviness) + 3;
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
  // Anything thicker is not a rule.
  const double most = thickest_rule(runs, stroke_width);
  const auto too_thick = [most](const Band& band) { return band.bottom - band.top + 1 > most; };
  std::erase_if(several, too_thick);
  std::erase_if(lone, too_thick);
  return several.size() >= kSeveral ? several : lone;
}

// The vertical runs in column x that touch the band.
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
  return lengths.empty() ? 0 : median(lengths);
}

// The darkness of a run and of the pixels at its ends.
struct RunDarkness {
  float darkest = 0;
  float sum = 0;  // The same wherever between two rows a line lies.
};

RunDarkness darkness_of(const cv::Mat& darkness, int x, const Band& run) {
  RunDarkness all;
  for (int y = std::max(0, run.top - 1); y <= std::min(darkness.rows - 1, run.bottom + 1); ++y) {
    all.darkest = std::max(all.darkest, darkness.at<float>(y, x));
    all.sum += darkness.at<float>(y, x);
  }
  return all;
}

// Erases vertical runs about as long as the rule is thick. A longer run is a stroke across it, and
// a much darker one, or one with much more ink, a stroke along it: the foot of a 2.
void erase_rule(cv::Mat& darkness, const cv::Mat& mask, const Band& band) {
  const int longest = thickness_of(mask, band) * 3 / 2 + 1;
  std::vector<float> darks;
  std::vector<float> sums;
  for (int x = 0; x < mask.cols; ++x)
    for (const Band& run : column_runs(mask, x, band)) {
      const RunDarkness dark = darkness_of(darkness, x, run);
      darks.push_back(dark.darkest);
      sums.push_back(dark.sum);
    }
  if (darks.empty()) return;
  const float usual = median(darks);
  const float stroke = std::max(kStrokeOnRule * usual, usual + kLeastDarker);
  const float most_ink = kMoreInkOnRule * median(sums);
  for (int x = 0; x < mask.cols; ++x)
    for (const Band& run : column_runs(mask, x, band)) {
      if (run.bottom - run.top + 1 > longest) continue;
      const RunDarkness dark = darkness_of(darkness, x, run);
      if (dark.darkest > stroke || dark.sum > most_ink) continue;
      for (int y = std::max(0, run.top - 1); y <= std::min(mask.rows - 1, run.bottom + 1); ++y)
        darkness.at<float>(y, x) = 0;
    }
}

// Whether the picture is much wider than the writing beside the rule is high. If not, the rule is
// the bar of a digit that was cut out to its ink.
bool is_wide_for(const cv::Mat& mask, const Band& band) {
  cv::Mat rest = mask.clone();
  rest.rowRange(band.top, band.bottom + 1).setTo(0);
  cv::Mat labels;
  cv::Mat stats;
  cv::Mat centers;
  const int count = cv::connectedComponentsWithStats(rest, labels, stats, centers, 8, CV_32S);
  int highest = 0;
  for (int i = 1; i < count; ++i) highest = std::max(highest, stats.at<int>(i, cv::CC_STAT_HEIGHT));
  return mask.cols >= kLoneRuleLength * highest;
}

// Erases the rules that run along the rows.
std::vector<Band> erase_rules(cv::Mat& darkness, const cv::Mat& mask, const cv::Mat& inside,
                              double stroke_width, std::size_t fewest) {
  std::vector<Band> bands = find_bands(long_runs(mask), inside, stroke_width);
  std::erase_if(bands, [&](const Band& band) {
    return thickness_of(mask, band) > thickest_rule(mask, stroke_width);
  });
  if (bands.size() < kSeveral)
    std::erase_if(bands, [&](const Band& band) { return !is_wide_for(mask, band); });
  if (bands.size() < fewest) return {};
  for (const Band& band : bands) erase_rule(darkness, mask, band);
  return bands;
}

}  // namespace

int remove_rules(Paper& paper) {
  const cv::Mat mask = weak_mask(paper.ink);
  const double width =
      paper.ink.stroke_width > 0 ? paper.ink.stroke_width : std::max(6.0, mask.rows * kThickest);
  const auto rows = erase_rules(paper.ink.darkness, mask, paper.inside, width, 1);
  if (rows.empty()) return 0;
  // Squared paper has rules both ways. Columns without rows are more likely a row of ones.
  cv::Mat sideways = paper.ink.darkness.t();
  const auto columns =
      erase_rules(sideways, cv::Mat(mask.t()), cv::Mat(paper.inside.t()), width, kSeveral);
  if (!columns.empty()) paper.ink.darkness = sideways.t();
  return static_cast<int>(rows.size() + columns.size());
}

}  // namespace digitry
