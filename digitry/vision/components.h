#pragma once

#include <cstddef>
#include <opencv2/core.hpp>
#include <set>
#include <utility>
#include <vector>

#include "digitry/vision/paper.h"
#include "digitry/vision/reading.h"

// From ink on paper to components that may be digits.

namespace digitry {

/// Connected ink.
struct Component {
  int label = 0;         ///< In `Components::owners`.
  cv::Rect box;          ///< Of its strong pixels.
  int area = 0;          ///< Number of its strong pixels.
  double thickness = 0;  ///< Twice the area by the number of pixels on its edge.
  double darkness = 0;   ///< Mean of its strong pixels.
  int cell = -1;         ///< On paper with cells.
};

/// Something that is not read, and why.
struct Foreign {
  cv::Rect box;
  LeftOutReason reason = LeftOutReason::kSmall;
  int label = 0;  ///< Of its component; 0 if it is none.
};

struct Components {
  cv::Mat owners;               ///< CV_32S: the label of each pixel's component, 0 for paper.
  std::vector<Component> all;   ///< Largest first, at most `kMaxComponents`.
  std::vector<Component> list;  ///< Those that may be writing.
  /// Pairs of labels with continuous faint ink between the components, the smaller label first.
  std::set<std::pair<int, int>> linked;
  std::vector<Foreign> left_out;
  double stroke_width = 0;
  double digit_height = 0;  ///< Pixels; half of the strokes are in components at least as high.
};

inline constexpr std::size_t kMaxComponents = 1000;

/// Connected components of the strong ink. Faint ink belongs to the component that it is nearest
/// to, measured along the ink, up to three stroke widths. Leaves out specks smaller than a stroke
/// is wide, and what is not writing (`foreign.h`).
Components find_components(const Paper& paper);

/// Whether neither box is above the other: linked components that are may be parts of one digit.
bool are_side_by_side(const cv::Rect& a, const cv::Rect& b);

/// Components that belong together.
struct Blob {
  std::vector<int> labels;
  cv::Rect box;
  int cell = -1;  ///< On paper with cells; blobs of different cells are never joined.
};

/// Joins the parts of broken strokes: parts inside another's box, parts above one another, and
/// small parts close to another. Leaves out what is much smaller than a digit and alone: dots,
/// commas, dashes; appends them to `left_out`.
std::vector<Blob> join_broken(const Components& components,
                              std::vector<Foreign>* left_out = nullptr);

/// Groups of indices of blobs that may be parts of one digit. Two blobs are in one group if they
/// stand close side by side, are together no wider than a digit, and at least one is `doubtful`.
/// Each index is in exactly one group.
std::vector<std::vector<std::size_t>> group_neighbours(const std::vector<Blob>& blobs,
                                                       const std::vector<bool>& doubtful,
                                                       double digit_height);

/// Whether all blobs of a picture may be the parts of its only digit, like a 5 whose bar is a
/// stroke of its own. `join_broken` cannot find that out, because nothing else in the picture shows
/// how high digits are. Two digits would be of similar height; so one part has to be lower than the
/// whole, and either `any_doubt` holds or there are two parts without a gap between them.
bool may_be_only_digit(const std::vector<Blob>& blobs, bool any_doubt);

/// The blobs with these indices as one.
Blob together(const std::vector<Blob>& blobs, const std::vector<std::size_t>& indices);

/// The ink of one thing without its surroundings.
struct Glyph {
  cv::Rect box;  ///< On the paper.
  cv::Mat ink;   ///< CV_32F [box]: 0 for paper, 1 for the dark part of the ink.
};

/// The ink of the blob's components.
Glyph cut_out(const Paper& paper, const Components& components, const Blob& blob);

/// Lean of upright strokes to the right, as a tangent: −μ11/μ02 of the ink.
double lean_of(const Glyph& glyph);

/// The glyph after a horizontal shear that removes a lean of this tangent.
Glyph sheared(const Glyph& glyph, double lean);

}  // namespace digitry
