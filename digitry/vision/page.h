#pragma once

#include <opencv2/core.hpp>
#include <vector>

#include "digitry/vision/ink.h"

// A page laid level, with its ruled lines found and taken away.

namespace digitry {

/// Ink in a frame whose rows are the writing's lines.
struct Page {
  Ink ink;
  cv::Mat inside;           ///< 255 where the picture is, 0 in the corners that turning added.
  cv::Matx23d to_working;   ///< From here to working pixels: (x, y, 1) to (x, y).
  double skew_degrees = 0;  ///< By how much it was turned.
};

/// Turns the ink so that what ran down to the right by `skew_degrees` is level.
Page make_page(const Ink& ink, double skew_degrees);

/// The angle of long straight lines, in degrees, positive where they run down to the right: a
/// candidate for ruled paper, which `remove_rules` confirms or not. 0 where nothing is that long.
double find_ruling_skew(const Ink& ink);

/// Takes the lines of ruled or squared paper out of the ink, except where strokes cross them.
/// Lines reach across the page, or are three at least. Returns how many there were.
int remove_rules(Page& page);

/// The common slope of lines of writing, in degrees, by the centres of boxes of digits: the angle
/// at which most of them come to stand side by side. 0 for less than three boxes. Source: after
/// Baird, "The skew angle of printed documents", 1987, which counts the bottoms of components on
/// lines of each angle.
double find_box_skew(const std::vector<cv::Rect>& boxes, double digit_height);

}  // namespace digitry
