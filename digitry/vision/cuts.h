#pragma once

#include <span>
#include <vector>

#include "digitry/vision/components.h"

// Digits that touch: where they may be cut, and what comes of it.

namespace digitry {

/// A way through a glyph from its top to its bottom.
struct Cut {
  std::vector<int> x;  ///< Of each row: the first pixel right of the cut.
  double crossed = 0;  ///< Ink on the way, in widths of a stroke.
};

/// The cheapest ways through the ink near each place across the glyph, from left to right; none
/// that crosses more than two strokes and a half, or parts next to nothing from the rest.
/// Source: after Casey and Lecolinet, "A survey of methods and strategies in character
/// segmentation", PAMI 1996, sec. 3: cuts as candidates, which recognition chooses from.
std::vector<Cut> find_cuts(const Glyph& glyph, double digit_height, double stroke_width);

/// Its middle, on average over the rows.
double mean_x(const Cut& cut);

/// What lies between two cuts (null: the glyph's side), in a box of its own, without the crumbs
/// that a cut leaves of its neighbour. Its ink is empty where there is none.
Glyph between(const Glyph& glyph, const Cut* left, const Cut* right);

/// One digit that a glyph may be cut into: from boundary `first` to boundary `last`, counting the
/// glyph's left side 0, the cuts 1, 2... and its right side.
struct Segment {
  std::size_t first = 0;
  std::size_t last = 0;
  double cost = 0;  ///< 0 for a digit beyond doubt.
};

/// Indices of the segments that follow one another over the whole glyph at the least cost: theirs,
/// and for each cut `kCutCost` and `kCrossingCost` for each stroke that it crosses; a cut that
/// crosses nothing earns `-kGapCost` instead, as digits rather than parts have gaps between them.
/// Empty where none do.
std::vector<std::size_t> cheapest_row(std::span<const Segment> segments, std::span<const Cut> cuts);

inline constexpr double kCutCost = 0.5;
inline constexpr double kGapCost = -1;
inline constexpr double kGapCrossed = 0.05;
inline constexpr double kCrossingCost = 1.0;

}  // namespace digitry
