#include "digitry/vision/lattice.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <opencv2/imgproc.hpp>
#include <utility>

#include "digitry/base/quantile.h"

namespace digitry {
namespace {

// Lengths are shares of the longer side of the picture.
constexpr double kSide = 800;           // pixels: it is reduced to this
constexpr double kShortest = 1.0 / 12;  // of a run
constexpr double kThickestLine = 1.0 / 32;
constexpr double kThickestTouching = 1.0 / 12;  // of strokes that touch a line
constexpr double kLongestGap = 1.0 / 160;
constexpr double kLineWindow = 1.0 / 16;  // in which the paper beside a line is seen
constexpr double kFaintest = 0.05;        // darkness; fainter than writing, because lines are long
constexpr double kLeastNoises = 1.5;
constexpr double kStray = 0.07;          // slope that a run may have
constexpr double kSameLine = 1.0 / 100;  // distance of runs of one line
constexpr double kSameSlope = 0.08;
constexpr double kCrossingReach = 0.03;  // how far a line may end from one that it crosses
constexpr double kShareBeyond = 0.15;    // of a line's length: the same
constexpr double kWorthBending = 0.3;    // a shorter line is straight
constexpr double kFewest = 0.7;          // of the lines of the other direction that a line crosses
constexpr double kShortestLine = 0.5;    // of the longest one of its direction
constexpr double kClose = 0.35;          // of the usual distance: two lines are one
constexpr double kFar = 1.6;             // of the usual distance: one is missing
constexpr double kLeastSeen = 0.4;       // of a missing line
constexpr double kSeenAllTheWay = 0.75;
constexpr std::size_t kMostLines = 200;

// A run of ink along one axis, or several that continue one another.
struct Run {
  std::vector<cv::Point2d> points;  // (along, across)
  LatticeLine line;
  double length() const { return line.last - line.first; }
};

// Least squares; points far from the curve are left out twice.
void fit(Run& run, bool bent) {
  const auto [first, last] = std::ranges::minmax(run.points, {}, &cv::Point2d::x);
  LatticeLine& line = run.line;
  line = {.middle = (first.x + last.x) / 2, .first = first.x, .last = last.x};
  const double unit = std::max(1.0, run.length() / 2);
  double limit = std::numeric_limits<double>::infinity();
  for (int pass = 0; pass < 3; ++pass) {
    cv::Matx33d normal = cv::Matx33d::zeros();
    cv::Vec3d right;
    for (const cv::Point2d& point : run.points) {
      const double d = (point.x - line.middle) / unit;
      if (std::fabs(point.y - line.across(point.x)) > limit) continue;
      const cv::Vec3d row(1, d, bent ? d * d : 0);
      normal += row * row.t();
      right += row * point.y;
    }
    if (!bent) normal(2, 2) = 1;
    const cv::Vec3d found = normal.solve(right, cv::DECOMP_SVD);
    line.offset = found[0];
    line.slope = found[1] / unit;
    line.bend = found[2] / (unit * unit);
    double sum = 0;
    for (const cv::Point2d& point : run.points) sum += std::pow(point.y - line.across(point.x), 2);
    limit = std::max(1.5, 1.5 * std::sqrt(sum / static_cast<double>(run.points.size())));
  }
}

// What has no part thicker than a line.
cv::Mat thin_part(const cv::Mat& mask, int thickest) {
  const cv::Mat square = cv::getStructuringElement(cv::MORPH_RECT, {thickest, thickest});
  cv::Mat thick;
  cv::morphologyEx(mask, thick, cv::MORPH_OPEN, square);
  return mask & ~thick;
}

// The long horizontal runs of the mask. Strokes that touch a line do not interrupt it, but only
// what is thin counts for its place.
std::vector<Run> find_runs(const cv::Mat& mask, double side) {
  const auto rect = [](int width, int height) {
    return cv::getStructuringElement(cv::MORPH_RECT, {width, height});
  };
  const int length = std::max(8, cvRound(kShortest * side));
  cv::Mat runs;
  const cv::Mat thin = thin_part(mask, std::max(3, cvRound(kThickestLine * side)));
  cv::dilate(thin_part(mask, std::max(3, cvRound(kThickestTouching * side))), runs,
             rect(1, 2 * cvRound(length * kStray / 2) + 1));
  cv::morphologyEx(runs, runs, cv::MORPH_CLOSE, rect(std::max(3, cvRound(kLongestGap * side)), 1));
  cv::morphologyEx(runs, runs, cv::MORPH_OPEN, rect(length, 1));
  cv::Mat labels;
  const int count = cv::connectedComponents(runs, labels, 8, CV_32S);
  std::vector<Run> found(static_cast<std::size_t>(count));
  for (int y = 0; y < mask.rows; ++y)
    for (int x = 0; x < mask.cols; ++x)
      if (thin.at<std::uint8_t>(y, x) != 0 && labels.at<int>(y, x) != 0)
        found[static_cast<std::size_t>(labels.at<int>(y, x))].points.emplace_back(x, y);
  std::erase_if(found, [&](const Run& run) { return std::ssize(run.points) < length / 2; });
  return found;
}

// Joins the runs that continue one another.
std::vector<LatticeLine> lines_of(std::vector<Run> runs, double side) {
  for (Run& run : runs) fit(run, false);
  std::ranges::stable_sort(runs, std::greater{}, &Run::length);
  if (runs.size() > kMostLines) runs.resize(kMostLines);
  std::vector<Run> joined;
  for (Run& run : runs) {
    const auto same = std::ranges::find_if(joined, [&](const Run& other) {
      const LatticeLine& line = other.line;
      const double away =
          std::fabs(run.line.middle - std::clamp(run.line.middle, line.first, line.last));
      const double off = line.across(run.line.middle) - run.line.offset;
      return away < other.length() && std::fabs(off) < kSameLine * side &&
             std::fabs(line.slope - run.line.slope) < kSameSlope;
    });
    if (same == joined.end()) {
      joined.push_back(std::move(run));
    } else {
      same->points.insert(same->points.end(), run.points.begin(), run.points.end());
      fit(*same, false);
    }
  }
  std::vector<LatticeLine> lines;
  for (Run& run : joined) {
    fit(run, run.length() > kWorthBending * side);
    lines.push_back(run.line);
  }
  return lines;
}

cv::Point2d crossing_of(const LatticeLine& row, const LatticeLine& column) {
  cv::Point2d at(column.offset, row.offset);
  for (int i = 0; i < 10; ++i) at = {column.across(at.y), row.across(at.x)};
  return at;
}

// Whether the line reaches the place; it may end `most` or a share of its length before.
bool reaches(const LatticeLine& line, double along, double most) {
  const double reach = std::min(most, kShareBeyond * (line.last - line.first));
  return along > line.first - reach && along < line.last + reach;
}

bool cross(const LatticeLine& row, const LatticeLine& column, double reach) {
  const cv::Point2d at = crossing_of(row, column);
  return reaches(row, at.x, reach) && reaches(column, at.y, reach);
}

// Keeps the rows and columns that belong together: beginning with the row that crosses most
// columns, those that cross most of the others.
void keep_crossing(Lattice& lattice, double reach) {
  const auto crossed = [&](const LatticeLine& row) {
    return std::ranges::count_if(
        lattice.columns, [&](const LatticeLine& column) { return cross(row, column, reach); });
  };
  if (lattice.rows.empty()) return;
  const LatticeLine most = *std::ranges::max_element(lattice.rows, {}, crossed);
  std::erase_if(lattice.columns,
                [&](const LatticeLine& column) { return !cross(most, column, reach); });
  for (bool changed = true; changed;) {
    const std::size_t before = lattice.rows.size() + lattice.columns.size();
    for (auto* lines : {&lattice.rows, &lattice.columns}) {
      const auto length = [](const LatticeLine& line) { return line.last - line.first; };
      double longest = 0;
      for (const LatticeLine& line : *lines) longest = std::max(longest, length(line));
      std::erase_if(
          *lines, [&](const LatticeLine& line) { return length(line) < kShortestLine * longest; });
    }
    std::erase_if(lattice.rows, [&](const LatticeLine& row) {
      const auto count = static_cast<double>(crossed(row));
      return count < 2 || count < kFewest * static_cast<double>(lattice.columns.size());
    });
    std::erase_if(lattice.columns, [&](const LatticeLine& column) {
      const auto count = static_cast<double>(std::ranges::count_if(
          lattice.rows, [&](const LatticeLine& row) { return cross(row, column, reach); }));
      return count < 2 || count < kFewest * static_cast<double>(lattice.rows.size());
    });
    changed = lattice.rows.size() + lattice.columns.size() < before;
  }
}

// The line between two, at this share of the way.
LatticeLine line_between(const LatticeLine& a, const LatticeLine& b, double share) {
  LatticeLine line{.middle = (a.middle + b.middle) / 2,
                   .first = std::min(a.first, b.first),
                   .last = std::max(a.last, b.last)};
  const auto at = [&](const LatticeLine& of) {
    const double d = line.middle - of.middle;
    return cv::Vec3d(of.across(line.middle), of.slope + 2 * of.bend * d, of.bend);
  };
  const cv::Vec3d mixed = at(a) * (1 - share) + at(b) * share;
  line.offset = mixed[0];
  line.slope = mixed[1];
  line.bend = mixed[2];
  return line;
}

// The ink of a picture, reduced.
struct SmallMask {
  cv::Mat mask;
  double factor = 1;
};

// The share of a horizontal line that is ink.
double seen_share(const LatticeLine& line, const SmallMask& small) {
  const auto& [mask, factor] = small;
  int seen = 0;
  int total = 0;
  const int last = std::min(mask.cols, cvRound(line.last * factor));
  for (int x = std::max(0, cvRound(line.first * factor)); x < last; ++x) {
    const int y = cvRound(line.across(x / factor) * factor);
    if (y < 2 || y + 2 >= mask.rows) continue;
    ++total;
    seen += cv::countNonZero(mask(cv::Rect(x, y - 2, 1, 5))) > 0 ? 1 : 0;
  }
  return total == 0 ? 0 : static_cast<double>(seen) / total;
}

// Sorts lines; makes one of two that are close, and adds one between two that are far apart if
// there is ink. `mask` has the lines along its rows.
void complete(std::vector<LatticeLine>& lines, double along, const SmallMask& mask) {
  const auto place = [along](const LatticeLine& line) { return line.across(along); };
  std::ranges::sort(lines, {}, place);
  if (lines.size() < 2) return;
  const auto usual = [&] {
    std::vector<double> steps;
    for (std::size_t i = 1; i < lines.size(); ++i)
      steps.push_back(place(lines[i]) - place(lines[i - 1]));
    return median(steps);
  };
  const double close = kClose * usual();
  std::vector<LatticeLine> kept;
  for (const LatticeLine& line : lines) {
    if (kept.empty() || place(line) - place(kept.back()) >= close)
      kept.push_back(line);
    else if (line.last - line.first > kept.back().last - kept.back().first)
      kept.back() = line;
  }
  lines = std::move(kept);
  if (lines.size() < 3) return;
  const double step = usual();
  std::vector<LatticeLine> full{lines.front()};
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const double gap = place(lines[i]) - place(lines[i - 1]);
    if (gap > kFar * step) {
      const int parts = cvRound(gap / step);
      for (int part = 1; part < parts; ++part) {
        const LatticeLine line =
            line_between(lines[i - 1], lines[i], static_cast<double>(part) / parts);
        if (seen_share(line, mask) >= kLeastSeen) full.push_back(line);
      }
    }
    full.push_back(lines[i]);
  }
  lines = std::move(full);
}

// Leaves out lines that are not ink all the way between the outermost `others`: digits that stand
// in one line. `mask` has the lines along its rows.
void keep_seen(std::vector<LatticeLine>& lines, const std::vector<LatticeLine>& others,
               const SmallMask& mask) {
  const auto place = [&](const LatticeLine& other) { return other.across(lines.front().offset); };
  const LatticeLine first = *std::ranges::min_element(others, {}, place);
  const LatticeLine last = *std::ranges::max_element(others, {}, place);
  std::erase_if(lines, [&](const LatticeLine& line) {
    LatticeLine whole = line;
    whole.first = first.across(line.offset);
    whole.last = last.across(line.offset);
    return seen_share(whole, mask) < kSeenAllTheWay;
  });
}

// Whether two lines that run side by side are closed by others at both ends.
bool is_closed(const std::vector<LatticeLine>& two, const std::vector<LatticeLine>& across) {
  const double step = (across.back().offset - across.front().offset) /
                      static_cast<double>(std::max<std::size_t>(1, across.size() - 1));
  return std::ranges::all_of(two, [&](const LatticeLine& line) {
    return std::fabs(line.first - across.front().offset) < step / 2 &&
           std::fabs(line.last - across.back().offset) < step / 2;
  });
}

bool is_lattice(const Lattice& lattice) {
  const std::size_t rows = lattice.rows.size();
  const std::size_t columns = lattice.columns.size();
  if (rows >= 3 && columns >= 3) return true;
  if (rows == 2 && columns >= 3) return is_closed(lattice.rows, lattice.columns);
  return columns == 2 && rows >= 3 && is_closed(lattice.columns, lattice.rows);
}

// Lines at least three of which run side by side and do not touch.
bool in_order(const std::vector<LatticeLine>& lines, double first, double last) {
  for (std::size_t i = 1; i < lines.size(); ++i)
    for (const double along : {first, last})
      if (lines[i].across(along) <= lines[i - 1].across(along) + 2) return false;
  return true;
}

// From the pixels of a picture reduced by `factor` and turned by `turn` to those of the picture;
// `upright` lines have their points (y, x).
void move_back(std::vector<Run>& runs, const cv::Matx23d& turn, double factor, bool upright) {
  for (Run& run : runs)
    for (cv::Point2d& point : run.points) {
      const double x = upright ? point.y : point.x;
      const double y = upright ? point.x : point.y;
      const cv::Vec2d at = turn * cv::Vec3d(x, y, 1) / factor;
      point = upright ? cv::Point2d(at[1], at[0]) : cv::Point2d(at[0], at[1]);
    }
}

}  // namespace

double LatticeLine::across(double along) const {
  const double d = along - middle;
  return offset + slope * d + bend * d * d;
}

cv::Point2d Lattice::crossing(std::size_t row, std::size_t column) const {
  return crossing_of(rows[row], columns[column]);
}

std::optional<Lattice> find_lattice(const cv::Mat& grey, bool light, double skew_degrees) {
  const double whole = std::max(grey.rows, grey.cols);
  const double factor = std::min(1.0, kSide / whole);
  cv::Mat small = grey;
  if (factor < 1)
    cv::resize(grey, small,
               {std::max(1, cvRound(grey.cols * factor)), std::max(1, cvRound(grey.rows * factor))},
               0, 0, cv::INTER_AREA);
  // Against the paper beside a line, whatever lies on it.
  const Ink ink = find_ink(small, light, kLineWindow * std::max(small.rows, small.cols));
  const cv::Mat mask = ink.darkness > std::max(kFaintest, kLeastNoises * ink.noise);
  const double side = std::max(mask.rows, mask.cols);
  cv::Mat turn = cv::getRotationMatrix2D(
      {static_cast<float>(mask.cols) / 2, static_cast<float>(mask.rows) / 2}, skew_degrees, 1);
  cv::Mat turned = mask;
  if (skew_degrees != 0) cv::warpAffine(mask, turned, turn, mask.size(), cv::INTER_NEAREST);
  cv::Mat back;
  cv::invertAffineTransform(turn, back);
  const cv::Matx23d to_mask(back.ptr<double>());
  std::vector<Run> across = find_runs(turned, side);
  if (across.size() < 2) return std::nullopt;
  std::vector<Run> down = find_runs(turned.t(), side);
  if (down.size() < 2) return std::nullopt;
  move_back(across, to_mask, factor, false);
  move_back(down, to_mask, factor, true);
  Lattice lattice{lines_of(std::move(across), whole), lines_of(std::move(down), whole)};
  keep_crossing(lattice, kCrossingReach * whole);
  if (lattice.rows.size() < 2 || lattice.columns.size() < 2) return std::nullopt;
  const auto middle_of = [](const std::vector<LatticeLine>& lines) {
    double sum = 0;
    for (const LatticeLine& line : lines) sum += line.middle;
    return sum / static_cast<double>(lines.size());
  };
  const double middle_x = middle_of(lattice.rows);
  const double middle_y = middle_of(lattice.columns);
  const SmallMask level{mask, factor};
  const SmallMask upright{mask.t(), factor};
  keep_seen(lattice.rows, lattice.columns, level);
  if (lattice.rows.size() < 2) return std::nullopt;
  keep_seen(lattice.columns, lattice.rows, upright);
  if (lattice.columns.size() < 2) return std::nullopt;
  complete(lattice.rows, middle_x, level);
  complete(lattice.columns, middle_y, upright);
  if (!is_lattice(lattice)) return std::nullopt;
  const cv::Point2d first = lattice.crossing(0, 0);
  const cv::Point2d last = lattice.crossing(lattice.rows.size() - 1, lattice.columns.size() - 1);
  if (!in_order(lattice.rows, first.x, last.x) || !in_order(lattice.columns, first.y, last.y))
    return std::nullopt;
  return lattice;
}

}  // namespace digitry
