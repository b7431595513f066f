#pragma once

#include <span>
#include <vector>

#include "digitry/vision/components.h"

// Cuts through touching digits.

namespace digitry {

/// A path through a glyph from its top row to its bottom row.
struct Cut {
  std::vector<int> x;  ///< For each row, the first pixel to the right of the cut.
  double crossed = 0;  ///< Ink on the path, in stroke widths.
};

/// The cheapest paths through the ink, one near each place across the glyph, from left to right.
/// Leaves out cuts that cross more than 2.5 strokes and cuts that separate less than 8 % of the
/// ink. Source: after Casey and Lecolinet, "A survey of methods and strategies in character
/// segmentation", PAMI 1996, sec. 3: cuts are candidates, and recognition chooses among them.
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

/// Indices of the segments that cover the glyph from left to right at the lowest cost. The cost is
/// that of the segments, and for each cut `kCutCost` plus `kCrossingCost` per crossed stroke. A cut
/// that crosses less than `kGapCrossed` costs `kGapCost` instead, a reward: gaps are between digits
/// rather than inside them. Empty if no segments cover the glyph.
std::vector<std::size_t> cheapest_row(std::span<const Segment> segments, std::span<const Cut> cuts);

inline constexpr double kCutCost = 0.5;
inline constexpr double kGapCost = -1;
inline constexpr double kGapCrossed = 0.05;  // stroke widths
inline constexpr double kCrossingCost = 1.0;

}  // namespace digitry
