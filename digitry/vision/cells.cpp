#include "digitry/vision/cells.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <utility>

#include "digitry/base/quantile.h"

namespace digitry {
namespace {

constexpr double kWorkingPitch = 80;  // pixels: smaller cells are enlarged
constexpr double kMostEnlarged = 3;
constexpr double kLeastPitch = 14;  // pixels; nothing can be read in smaller cells
constexpr double kMostPixels = 6e6;

// Shares of the pitch of the cells.
constexpr double kMargin = 0.3;        // around the lattice
constexpr double kOvershoot = 0.15;    // of strokes beyond the lattice
constexpr double kPaperWindow = 0.6;   // wider than any stroke
constexpr double kStrayOfLine = 0.05;  // from the curve that was fitted
constexpr double kBesideLine = 0.2;    // nearer to a line than this, paper is not looked at
constexpr double kWritten = 0.2;       // the least height of what is written
constexpr double kMostOutside = 0.25;  // how far writing may reach into another cell

constexpr float kStrokeOnLine = 1.4F;  // of the line's darkness
constexpr float kDarkerStroke = 0.1F;  // more than that
constexpr double kWithinCells = 0.75;  // of the things that are written

double length_between(const cv::Point2d& a, const cv::Point2d& b) { return cv::norm(a - b); }

// How the lattice becomes upright: its place on the paper, and the way there.
struct View {
  cv::Matx33d to_paper;
  cv::Size size;
  cv::Rect frame;
  double pitch = 0;
};

std::optional<View> front_view(const Lattice& lattice) {
  const std::size_t bottom = lattice.rows.size() - 1;
  const std::size_t right = lattice.columns.size() - 1;
  const cv::Point2d corners[] = {lattice.crossing(0, 0), lattice.crossing(0, right),
                                 lattice.crossing(bottom, right), lattice.crossing(bottom, 0)};
  double width =
      (length_between(corners[0], corners[1]) + length_between(corners[3], corners[2])) / 2;
  double height =
      (length_between(corners[0], corners[3]) + length_between(corners[1], corners[2])) / 2;
  View view;
  view.pitch = std::min(width / static_cast<double>(right), height / static_cast<double>(bottom));
  if (view.pitch < kLeastPitch) return std::nullopt;
  const double scale = std::min(std::clamp(kWorkingPitch / view.pitch, 1.0, kMostEnlarged),
                                std::max(1.0, std::sqrt(kMostPixels / (width * height))));
  view.pitch *= scale;
  width *= scale;
  height *= scale;
  const auto margin = static_cast<float>(kMargin * view.pitch);
  view.size = {cvRound(width + 2 * static_cast<double>(margin)),
               cvRound(height + 2 * static_cast<double>(margin))};
  view.frame = {cvRound(margin), cvRound(margin), cvRound(width), cvRound(height)};
  const auto w = static_cast<float>(width);
  const auto h = static_cast<float>(height);
  cv::Point2f from[4];
  std::ranges::copy(corners, from);
  const cv::Point2f to[] = {
      {margin, margin}, {margin + w, margin}, {margin + w, margin + h}, {margin, margin + h}};
  view.to_paper = cv::Matx33d(cv::getPerspectiveTransform(from, to).ptr<double>());
  return view;
}

cv::Point2d moved(const cv::Matx33d& by, const cv::Point2d& point) {
  const cv::Vec3d at = by * cv::Vec3d(point.x, point.y, 1);
  return {at[0] / at[2], at[1] / at[2]};
}

// The row of a line of the lattice in each column of the paper; of a column if `upright`.
std::vector<double> path_of(const LatticeLine& line, const cv::Matx33d& to_paper, bool upright,
                            double first, double last, int length) {
  std::vector<cv::Point2d> points;
  constexpr int kSteps = 200;
  const double beyond = (last - first) / 4;
  for (int i = 0; i <= kSteps; ++i) {
    const double along = first - beyond + (last - first + 2 * beyond) * i / kSteps;
    const cv::Point2d on(along, line.across(along));
    const cv::Point2d at = moved(to_paper, upright ? cv::Point2d(on.y, on.x) : on);
    points.push_back(upright ? cv::Point2d(at.y, at.x) : at);
  }
  std::vector<double> path;
  std::size_t next = 1;
  for (int x = 0; x < length; ++x) {
    while (next + 1 < points.size() && points[next].x < x) ++next;
    const cv::Point2d& a = points[next - 1];
    const cv::Point2d& b = points[next];
    const double share = b.x > a.x ? std::clamp((x - a.x) / (b.x - a.x), 0.0, 1.0) : 0;
    path.push_back(a.y + share * (b.y - a.y));
  }
  return path;
}

using Paths = std::vector<std::vector<double>>;

// The run of ink in column x that touches the rows [top, bottom], or else none: first > last.
struct InkRun {
  int first = 0;
  int last = -1;
  int length() const { return last - first + 1; }
};

InkRun run_at(const cv::Mat& mask, int x, int top, int bottom) {
  top = std::max(0, top);
  bottom = std::min(mask.rows - 1, bottom);
  const int middle = (top + bottom) / 2;
  int at = -1;  // The ink nearest to the middle.
  for (int off = 0; off <= bottom - top && at < 0; ++off)
    for (const int y : {middle - off, middle + off})
      if (y >= top && y <= bottom && mask.at<std::uint8_t>(y, x) != 0) at = y;
  if (at < 0) return {};
  InkRun run{at, at};
  while (run.first > 0 && mask.at<std::uint8_t>(run.first - 1, x) != 0) --run.first;
  while (run.last + 1 < mask.rows && mask.at<std::uint8_t>(run.last + 1, x) != 0) ++run.last;
  return run;
}

// Erases a line along the path, except where a stroke crosses it or a darker one lies on it.
// `others` are the lines that cross it, by their column in each row.
void erase_line(cv::Mat& darkness, const cv::Mat& mask, const std::vector<double>& path,
                const Paths& others, int stray) {
  std::vector<InkRun> runs;
  std::vector<int> lengths;
  for (int x = 0; x < mask.cols; ++x) {
    const int y = cvRound(path[static_cast<std::size_t>(x)]);
    runs.push_back(run_at(mask, x, y - stray, y + stray));
    if (runs.back().length() > 0) lengths.push_back(runs.back().length());
  }
  if (lengths.empty()) return;
  const int thickness = median(lengths);
  // The line within each run: all of a short one, else what is near the path.
  const auto part_of = [&](int x) {
    const InkRun& run = runs[static_cast<std::size_t>(x)];
    if (2 * run.length() <= 3 * thickness + 2) return run;
    const int y = cvRound(path[static_cast<std::size_t>(x)]);
    const int half = thickness / 2 + 1;
    return InkRun{std::max(run.first, y - half), std::min(run.last, y + half)};
  };
  const auto darkest_of = [&](int x, const InkRun& part) {
    float darkest = 0;
    for (int y = part.first; y <= part.last; ++y)
      darkest = std::max(darkest, darkness.at<float>(y, x));
    return darkest;
  };
  std::vector<float> darks;
  for (int x = 0; x < mask.cols; ++x)
    if (runs[static_cast<std::size_t>(x)].length() > 0) darks.push_back(darkest_of(x, part_of(x)));
  const float usual = median(darks);
  const float stroke = std::max(kStrokeOnLine * usual, usual + kDarkerStroke);
  for (int x = 0; x < mask.cols; ++x) {
    const InkRun& run = runs[static_cast<std::size_t>(x)];
    if (run.length() <= 0) continue;
    const InkRun part = part_of(x);
    const auto row = static_cast<std::size_t>(
        std::clamp(cvRound(path[static_cast<std::size_t>(x)]), 0, mask.rows - 1));
    const bool at_other = std::ranges::any_of(others, [&](const std::vector<double>& other) {
      return std::fabs(other[row] - x) <= thickness + 1;
    });
    const bool crossed = part.first - run.first > thickness && run.last - part.last > thickness;
    if (!at_other && (crossed || darkest_of(x, part) > stroke)) continue;
    for (int y = std::max(0, part.first - 1); y <= std::min(mask.rows - 1, part.last + 1); ++y)
      darkness.at<float>(y, x) = 0;
  }
}

// The paper with its cells; `rows` and `columns` are their lines.
Cells cells_of(const Paths& rows, const Paths& columns, const View& view) {
  Cells cells{.num_rows = static_cast<int>(rows.size()) - 1,
              .num_columns = static_cast<int>(columns.size()) - 1,
              .pitch = view.pitch,
              .of = cv::Mat(view.size, CV_32S, cv::Scalar(-1))};
  const auto count = [](const Paths& lines, int along, int across) {
    return static_cast<int>(std::ranges::count_if(lines, [&](const std::vector<double>& line) {
      return line[static_cast<std::size_t>(along)] <= across;
    }));
  };
  for (int y = 0; y < view.size.height; ++y)
    for (int x = 0; x < view.size.width; ++x) {
      const int row = count(rows, x, y) - 1;
      const int column = count(columns, y, x) - 1;
      if (row >= 0 && row < cells.num_rows && column >= 0 && column < cells.num_columns)
        cells.of.at<int>(y, x) = row * cells.num_columns + column;
    }
  return cells;
}

// 255 in the cells, but for what is nearer to their lines.
cv::Mat within_cells(const Cells& cells, double nearer) {
  cv::Mat inside = cells.of >= 0;
  const cv::Mat& of = cells.of;
  for (int y = 0; y + 1 < of.rows; ++y)
    for (int x = 0; x + 1 < of.cols; ++x)
      if (of.at<int>(y, x) != of.at<int>(y, x + 1) || of.at<int>(y, x) != of.at<int>(y + 1, x))
        inside.at<std::uint8_t>(y, x) = 0;
  const int side = 2 * std::max(1, cvRound(nearer)) + 1;
  cv::erode(inside, inside, cv::getStructuringElement(cv::MORPH_RECT, {side, side}));
  return inside;
}

struct Written {
  std::vector<cv::Rect> things;
  int within = 0;  // Of them, those that lie within one cell.
};

// What is written in the cells.
Written written_in(const cv::Mat& mask, const Cells& cells, const Paths& rows,
                   const Paths& columns) {
  cv::Mat labels;
  cv::Mat stats;
  cv::Mat centers;
  const int count = cv::connectedComponentsWithStats(mask, labels, stats, centers, 8, CV_32S);
  Written written;
  const double reach = kMostOutside * cells.pitch;
  for (int i = 1; i < count; ++i) {
    const cv::Rect box(stats.at<int>(i, cv::CC_STAT_LEFT), stats.at<int>(i, cv::CC_STAT_TOP),
                       stats.at<int>(i, cv::CC_STAT_WIDTH), stats.at<int>(i, cv::CC_STAT_HEIGHT));
    if (box.height < kWritten * cells.pitch) continue;
    const cv::Point middle = (box.tl() + box.br()) / 2;
    const int cell = cells.of.at<int>(middle);
    if (cell < 0) continue;
    written.things.push_back(box);
    const auto row = static_cast<std::size_t>(cell / cells.num_columns);
    const auto column = static_cast<std::size_t>(cell % cells.num_columns);
    const auto x = static_cast<std::size_t>(middle.x);
    const auto y = static_cast<std::size_t>(middle.y);
    const bool within =
        box.y > rows[row][x] - reach && box.y + box.height < rows[row + 1][x] + reach &&
        box.x > columns[column][y] - reach && box.x + box.width < columns[column + 1][y] + reach;
    written.within += within ? 1 : 0;
  }
  return written;
}

// Boxes, on the paper, of ink outside the lattice that is as high as what is written in it.
std::vector<cv::Rect> ink_outside(const Ink& ink, const View& view, double height) {
  cv::Mat labels;
  cv::Mat stats;
  cv::Mat centers;
  const int count =
      cv::connectedComponentsWithStats(strong_mask(ink), labels, stats, centers, 8, CV_32S);
  const cv::Rect2d frame(view.frame);
  std::vector<cv::Rect> outside;
  for (int i = 1; i < count && outside.size() < 200; ++i) {
    const cv::Rect box(stats.at<int>(i, cv::CC_STAT_LEFT), stats.at<int>(i, cv::CC_STAT_TOP),
                       stats.at<int>(i, cv::CC_STAT_WIDTH), stats.at<int>(i, cv::CC_STAT_HEIGHT));
    const cv::Point2d a = moved(view.to_paper, box.tl());
    const cv::Point2d b = moved(view.to_paper, box.br());
    const cv::Rect there(cvRound(a.x), cvRound(a.y), cvRound(b.x - a.x), cvRound(b.y - a.y));
    if (there.width <= 0 || there.height < height / 2 || there.height > 2 * height) continue;
    if ((cv::Rect2d(there) & frame).area() < 0.5 * there.area()) outside.push_back(there);
  }
  return outside;
}

}  // namespace

std::optional<CellPaper> read_cells(const cv::Mat& grey, const Ink& ink, const Lattice& lattice) {
  const std::optional<View> view = front_view(lattice);
  if (!view) return std::nullopt;
  cv::Mat upright;
  cv::warpPerspective(grey, upright, view->to_paper, view->size, cv::INTER_CUBIC,
                      cv::BORDER_REPLICATE);
  const cv::Point2d first = lattice.crossing(0, 0);
  const cv::Point2d last = lattice.crossing(lattice.rows.size() - 1, lattice.columns.size() - 1);
  Paths rows;
  for (const LatticeLine& line : lattice.rows)
    rows.push_back(path_of(line, view->to_paper, false, first.x, last.x, view->size.width));
  Paths columns;
  for (const LatticeLine& line : lattice.columns)
    columns.push_back(path_of(line, view->to_paper, true, first.y, last.y, view->size.height));

  Cells cells = cells_of(rows, columns, *view);
  CellPaper result{.paper = {.ink = find_ink(upright, ink.light, kPaperWindow * view->pitch, true,
                                             within_cells(cells, kBesideLine * view->pitch)),
                             .inside = cv::Mat(view->size, CV_8U, cv::Scalar(255)),
                             .to_working = view->to_paper.inv(),
                             .skew_degrees = std::atan(lattice.rows.front().slope) * 180 / CV_PI},
                   .frame = view->frame,
                   .outside = {}};
  Paper& paper = result.paper;
  const cv::Mat mask = weak_mask(paper.ink);
  const int stray = std::max(2, cvRound(kStrayOfLine * view->pitch));
  for (const auto& row : rows) erase_line(paper.ink.darkness, mask, row, columns, stray);
  cv::Mat sideways = paper.ink.darkness.t();
  const cv::Mat sideways_mask = mask.t();
  for (const auto& column : columns) erase_line(sideways, sideways_mask, column, rows, stray);
  paper.ink.darkness = sideways.t();
  cv::Mat near;
  const int reach = 2 * cvRound(kOvershoot * view->pitch) + 1;
  cv::dilate(cells.of >= 0, near, cv::getStructuringElement(cv::MORPH_RECT, {reach, reach}));
  paper.ink.darkness.setTo(0, near == 0);
  paper.cells = std::move(cells);
  paper.ink.stroke_width = find_stroke_widths(paper.ink).usual;
  if (paper.ink.stroke_width <= 0) return std::nullopt;

  const Written written = written_in(strong_mask(paper.ink), *paper.cells, rows, columns);
  if (written.things.empty() ||
      written.within < kWithinCells * static_cast<double>(written.things.size()))
    return std::nullopt;
  std::vector<int> heights;
  for (const cv::Rect& thing : written.things) heights.push_back(thing.height);
  result.outside = ink_outside(ink, *view, median(heights));
  if (result.outside.size() > written.things.size()) return std::nullopt;
  return result;
}

}  // namespace digitry
