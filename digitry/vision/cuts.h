#pragma once

#include <span>
#include <vector>

#include "digitry/image/seam.h"
#include "digitry/vision/components.h"

// Cuts through touching digits.

namespace digitry {

/// A path through a glyph from its top row to its bottom row; `crossed` is in stroke widths.
using Cut = Seam;

/// The cheapest paths through the ink near each place across the glyph, from left to right: one
/// that may stray by a quarter of a digit's height, and one that stays close. Leaves out cuts that
/// cross more than four strokes, that separate less than 8 % of the ink, or that are alike. Source:
/// after Casey and Lecolinet, "A survey of methods and strategies in character segmentation", PAMI
/// 1996, sec. 3: cuts are candidates, and recognition chooses among them.
std::vector<Cut> find_cuts(const Glyph& glyph, double digit_height, double stroke_width);

/// The mean of `cut.x`.
double mean_x(const Cut& cut);

/// The ink between two cuts, in a box of its own; null stands for a side of the glyph. Small
/// separate remains of the neighbours are removed. Its ink is empty if there is none.
Glyph between(const Glyph& glyph, const Cut* left, const Cut* right);

/// One possible digit: the ink between two boundaries. Boundary 0 is the left side of the glyph,
/// 1, 2, … are the cuts, and the last boundary is the right side.
struct Segment {
  std::size_t first = 0;
  std::size_t last = 0;
  double cost = 0;  ///< 0 for a certain digit.
};

/// A row of segments that covers a glyph from left to right.
struct SegmentRow {
  std::vector<std::size_t> segments;  ///< Their indices; empty if there is no such row.
  double cost = 0;                    ///< The sum of those of the segments.
};

/// The cheapest row of each number of segments, from 0 (always empty) to `most`.
std::vector<SegmentRow> cheapest_rows(std::span<const Segment> segments, std::size_t end,
                                      std::size_t most);

}  // namespace digitry
