#pragma once

#include <cstddef>
#include <opencv2/core.hpp>
#include <optional>
#include <vector>

#include "digitry/vision/ink.h"

// The lines of boxes, tables and grids, which may be seen from aside.

namespace digitry {

/// A line that is nearly straight and runs nearly along one axis: its place across that axis is
/// offset + slope · d + bend · d², where d is the distance along the axis from `middle`.
struct LatticeLine {
  double middle = 0;
  double offset = 0;
  double slope = 0;
  double bend = 0;
  double first = 0;  ///< It was seen from here …
  double last = 0;   ///< … to here along the axis.

  double across(double along) const;
};

/// Lines that cross one another, at least two each way.
struct Lattice {
  std::vector<LatticeLine> rows;     ///< From top to bottom, along x.
  std::vector<LatticeLine> columns;  ///< From left to right, along y.

  cv::Point2d crossing(std::size_t row, std::size_t column) const;
};

/// The largest lattice of the picture, or none: at least three lines each way, or two that are
/// closed by at least three others at both ends. `grey` is CV_32F, `light` the ink; `skew_degrees`
/// is the slope of its rows, to within 4°; perspective may turn single lines further. Thin runs
/// longer than a twelfth of the picture are fitted by curves of second degree; those that continue
/// one another are joined, and lines that cross fewer than 0.7 of the others are dropped.
std::optional<Lattice> find_lattice(const cv::Mat& grey, bool light, double skew_degrees);

}  // namespace digitry
