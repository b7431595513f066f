#pragma once

#include <cstdint>
#include <span>
#include <vector>

// Paths through ink from the top row to the bottom row, and what lies between two of them.

namespace digitry {

/// A path through an image from its top row to its bottom row.
struct Seam {
  std::vector<int> x;  ///< For each row, the first pixel to the right of the path.
  double crossed = 0;  ///< The sum of the ink on the path.
};

/// How far a path may leave its place, and what that costs.
struct SeamOptions {
  int stray = 5;            ///< Largest distance from the place, in pixels.
  double stray_cost = 0.2;  ///< Of ink, per row and pixel of distance.
};

/// The cheapest path near column `x0` of `ink` [height, width], by dynamic programming. It moves at
/// most one pixel aside per row. Expects at least one pixel and `x0` in the image.
/// Source: Avidan and Shamir, "Seam carving for content-aware image resizing", SIGGRAPH 2007,
/// sec. 3, with ink as the energy.
Seam cheapest_seam(std::span<const float> ink, std::int64_t height, std::int64_t width, int x0,
                   const SeamOptions& options);

/// Sets to 0 what lies outside two paths; null stands for a side of the image.
void keep_between(std::span<float> ink, std::int64_t width, const Seam* left, const Seam* right);

/// Sets to 0 each connected part of at most `share` of all ink: the remains of neighbours beyond a
/// cut. Pixels of more than `level` are connected if they touch, corners included. Fainter pixels
/// at most two pixels from an erased one are erased too.
void erase_crumbs(std::span<float> ink, std::int64_t height, std::int64_t width, double share,
                  float level);

}  // namespace digitry
