#pragma once

#include <opencv2/core.hpp>
#include <optional>
#include <vector>

#include "digitry/vision/ink.h"

// Skew and ruled lines.

namespace digitry {

/// The cells of a table, a grid or a row of boxes.
struct Cells {
  int num_rows = 0;
  int num_columns = 0;
  double pitch = 0;  ///< The smaller of the usual height and width of a cell.
  cv::Mat of;        ///< CV_32S: the cell of each pixel, counted row by row; -1 outside.

  /// The cell in the middle of the box; -1 if there is none.
  int at(const cv::Rect& box) const;
};

/// Ink in a frame whose rows run along the lines of writing.
struct Paper {
  Ink ink;
  cv::Mat inside;           ///< 255 inside the picture, 0 in the corners that a rotation added.
  cv::Matx33d to_working;   ///< From (x, y, 1) here to working pixels, in homogeneous coordinates.
  double skew_degrees = 0;  ///< The angle by which it was rotated.
  std::optional<Cells> cells = {};  ///< If what is written stands in cells.
};

/// Rotates the ink so that lines which run down to the right by `skew_degrees` become level.
Paper level_paper(const Ink& ink, double skew_degrees);

/// The angle of long straight lines, in degrees, positive if they run down to the right; 0 if
/// there are none. It is a candidate for ruled paper, which `remove_rules` confirms or not.
double find_ruling_skew(const Ink& ink);

/// Removes the lines of ruled or squared paper from the ink, except where strokes cross them. There
/// have to be at least three lines, or fewer that reach across the whole paper. Returns how many
/// were removed.
int remove_rules(Paper& paper);

/// The common slope of lines of writing, in degrees, from boxes of digits: the angle at which most
/// of their centres stand side by side. 0 for fewer than three boxes.
/// Source: after Baird, "The skew angle of printed documents", 1987, which counts the bottoms of
/// components on lines of each angle.
double find_box_skew(const std::vector<cv::Rect>& boxes, double digit_height);

}  // namespace digitry
