#pragma once

#include <opencv2/core.hpp>
#include <optional>
#include <vector>

#include "digitry/vision/lattice.h"
#include "digitry/vision/paper.h"

// The cells of a lattice, as paper without its lines.

namespace digitry {

/// Paper with `cells`, and what was found outside the lattice.
struct CellPaper {
  Paper paper;
  cv::Rect frame;                 ///< The lattice on the paper.
  std::vector<cv::Rect> outside;  ///< Boxes of other ink, on the paper, which may be negative.
};

/// The inside of the lattice, seen from the front and without its lines; strokes that cross a line
/// remain. None if what is written in it does not lie within its cells, or if as much is written
/// outside: then the lattice is squared paper, or a part of a page. `grey` is the picture that
/// `ink` was found in.
std::optional<CellPaper> read_cells(const cv::Mat& grey, const Ink& ink, const Lattice& lattice);

}  // namespace digitry
