#pragma once

#include <cstddef>
#include <opencv2/core.hpp>
#include <set>
#include <utility>
#include <vector>

#include "digitry/vision/page.h"

// From ink on a page to things that may be digits.

namespace digitry {

/// Connected ink.
struct Component {
  int label = 0;  ///< In `Components::owners`.
  cv::Rect box;   ///< Of its strong pixels.
  int area = 0;   ///< Of its strong pixels.
};

struct Components {
  cv::Mat owners;  ///< CV_32S: the label of the component that an inked pixel is of, else 0.
  std::vector<Component> list;  ///< Largest first, at most `kMaxComponents`.
  /// Labels of two components between which there is faint ink all the way, the smaller one first.
  std::set<std::pair<int, int>> linked;
  double digit_height = 0;  ///< Of most of the ink, in pixels.
};

inline constexpr std::size_t kMaxComponents = 1000;

/// Components of the strong ink, each with the faint ink that goes out from it, as far as that is
/// nearer to it, along the ink, than to any other. Specks of less than a stroke's width are left
/// out, and so is what touches three sides of the picture: the table that a page lies on.
Components find_components(const Page& page);

/// Components that belong together.
struct Blob {
  std::vector<int> labels;
  cv::Rect box;
};

/// Joins the parts of broken strokes: what lies within another's box, above one another, or is
/// small and close. What is much smaller than a digit and alone (a dot, a comma) is left out.
std::vector<Blob> join_broken(const Components& components);

/// Groups of indices of blobs side by side that may be parts of one digit: so close, and together
/// no wider than one, and one of them at least `doubtful`. Each index is in one group.
std::vector<std::vector<std::size_t>> group_neighbours(const std::vector<Blob>& blobs,
                                                       const std::vector<bool>& doubtful,
                                                       double digit_height);

/// Whether the blobs, all that a picture holds, may be parts of one digit, one of whose strokes was
/// begun anew, like the bar of a 5: with nothing else there to tell how high digits are,
/// `join_broken` cannot know. Digits side by side would be of like height, so one part is lower
/// than all together; and one part is doubtful by itself, or there are two without a gap between.
bool may_be_only_digit(const std::vector<Blob>& blobs, bool any_doubt);

/// All ink of the blobs as one.
Blob together(const std::vector<Blob>& blobs, const std::vector<std::size_t>& indices);

/// Ink of one thing alone.
struct Glyph {
  cv::Rect box;  ///< On the page.
  cv::Mat ink;   ///< CV_32F [box], 0 for paper, 1 for the dark part of the ink.
};

Glyph cut_out(const Page& page, const Components& components, const Blob& blob);

/// How far upright strokes lean to the right, as the tangent: −μ11/μ02 of the ink.
double lean_of(const Glyph& glyph);

/// The glyph made upright by a shear that takes away this much of its lean.
Glyph sheared(const Glyph& glyph, double lean);

}  // namespace digitry
