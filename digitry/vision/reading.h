#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "digitry/image/image.h"
#include "digitry/image/mnist_form.h"
#include "digitry/vision/digit_prediction.h"

// What `read_digits` returns, and what can be made of it: text, and a picture to look at.

namespace digitry {

/// A rectangle in pixels of the picture; `left` and `top` are its first column and row.
struct PixelBox {
  std::int64_t left = 0;
  std::int64_t top = 0;
  std::int64_t width = 0;
  std::int64_t height = 0;
  bool operator==(const PixelBox&) const = default;
};

/// One thing that was found, and its classification.
struct ReadDigit {
  PixelBox box;
  std::int64_t line = 0;      ///< From 0, counted from the top.
  bool space_before = false;  ///< Whether a gap as wide as between words lies before it.
  MnistImage image{};         ///< The input of the classifier.
  DigitPrediction prediction;

  /// The class with the largest probability.
  std::size_t label() const;
  /// The probability of that class, in [0, 1].
  double probability() const;
};

/// Why ink is not read.
enum class LeftOutReason {
  kSmall,    ///< Much smaller than the digits: a dot, a comma, a dash.
  kDot,      ///< Compact: a hole, a blot.
  kFaint,    ///< Much fainter and smaller than the digits.
  kLine,     ///< Straight and much longer than a digit is high: a pen, a margin line.
  kEdge,     ///< Reaches the border and is not a stroke: a table, a thumb, a page edge.
  kFrame,    ///< The lines of boxes, a grid, or a frame around writing.
  kOutside,  ///< Beside a table or grid whose cells are read.
  kOutlier,  ///< Rejected by the classifier or at the border, and of another size than the digits.
};
/// "small", "dot", "faint", "line", "edge", "frame", "outside", "outlier".
std::string_view to_string(LeftOutReason reason);

struct LeftOut {
  PixelBox box;
  LeftOutReason reason = LeftOutReason::kSmall;
};

/// The digits in a picture.
struct Reading {
  std::vector<ReadDigit> digits;  ///< Line by line, from left to right.
  std::vector<LeftOut> left_out;  ///< What was found besides; single specks are not listed.
  std::int64_t num_lines = 0;
  bool light_ink = false;      ///< Whether the ink is lighter than its background.
  double skew_degrees = 0;     ///< Slope of the lines, positive if they run down to the right.
  double slant_degrees = 0;    ///< Lean of upright strokes to the right that was removed.
  std::int64_t num_rules = 0;  ///< Number of ruled lines that were removed.
  /// The pattern that was expected (`ReadOptions`), if the digits fit it; else empty.
  std::string pattern = {};
};

/// The reading as text: one row per line, a space between words, '?' for rejected digits, and the
/// class name of each other digit. If the digits fit a pattern with separators, it is the pattern
/// with the digits in it. Expects one name per class.
std::string to_text(const Reading& reading, const std::vector<std::string>& class_names);

/// A copy of the picture in colour, with a frame around each digit and its class and probability
/// above it. Frames are green; those of rejected digits are red, with the caption "?".
/// Non-ASCII characters of class names are drawn as '?'. Expects the picture that was read, and one
/// name per class. Throws Error{kInvalidArgument} if the picture is not valid (`check_image`).
Image annotate(const Image& picture, const Reading& reading,
               const std::vector<std::string>& class_names);

/// The place of a box in the text.
struct PlacedBox {
  std::size_t index = 0;      ///< Of the box.
  std::int64_t line = 0;      ///< From 0.
  bool space_before = false;  ///< Whether a gap as wide as between words lies before it.
};

/// Sorts boxes into lines from the top, and within a line from the left. Boxes are visited from
/// left to right; each continues the line whose last box is most nearly level with it, so that
/// lines may run up or down a little.
std::vector<PlacedBox> reading_order(std::span<const PixelBox> boxes);

}  // namespace digitry
