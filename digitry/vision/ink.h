#pragma once

#include <cstdint>
#include <opencv2/core.hpp>

#include "digitry/image/image.h"

// From a picture to ink on clean paper. From here on, distances are in working pixels.

namespace digitry {

/// The picture in grey at a working size: large pictures are reduced, small ones enlarged by a
/// whole factor.
struct WorkingGrey {
  cv::Mat grey;      ///< CV_32F, 0 to 255.
  double scale = 1;  ///< Working pixels per pixel of the picture.
};
WorkingGrey make_working_grey(const Image& picture);

/// How much darker each pixel is than the paper around it; how much lighter, if the ink is light.
struct Ink {
  cv::Mat darkness;         ///< CV_32F: 0 paper, 1 black.
  double noise = 0;         ///< Standard deviation of the smoothed darkness on paper.
  double stroke_width = 0;  ///< 0 if there is no ink.
  bool light = false;
};

/// Whether the ink is lighter than its background.
struct Polarity {
  bool light = false;
  bool sure = true;      ///< If false, the other polarity is tried: a dark border may be a table.
  bool likely = true;    ///< If true, it is tried only if this one shows no digits.
  bool crowded = false;  ///< Ink may cover much of the picture, and its border.
};
Polarity find_polarity(const cv::Mat& grey);

/// Divides the picture by the brightness of the paper, which removes uneven light and shadows. The
/// brightness is a morphological closing with a square window of `paper_window` pixels, which has
/// to be wider than a stroke: dark things narrower than the window are ink, everything else is
/// shadow. With `ink_at_border`, what is outside the picture counts as paper, so that the window
/// has to be wider than a stroke at the border too; light that falls off towards the border then
/// looks like ink if the window is wide. The noise is that of the paper `where` is not 0, if it is
/// given (CV_8U, as large as the picture). Does not set `stroke_width`.
Ink find_ink(const cv::Mat& grey, bool light, double paper_window, bool ink_at_border = false,
             const cv::Mat& where = {});

/// A window wider than any stroke, for use before the stroke width is known.
double wide_paper_window(const cv::Mat& grey);

/// Widths of strokes; 0 if there is no ink.
struct StrokeWidths {
  double usual = 0;   ///< The median, weighted by the length of the strokes.
  double widest = 0;  ///< Of those at least three times as long as wide.
};

/// Leaves out what reaches the border of the picture and is much thicker than the rest. Does not
/// read `ink.stroke_width`.
StrokeWidths find_stroke_widths(const Ink& ink);

/// 255 for pixels that may be ink, because they are above the noise; else 0.
cv::Mat weak_mask(const Ink& ink);

/// The same with half the least darkness: that of a stroke which is as narrow as a pixel and lies
/// between two.
cv::Mat faintest_mask(const Ink& ink);

/// 255 for pixels that are ink: at least 0.45 times as dark as the darkest ink nearby; else 0.
cv::Mat strong_mask(const Ink& ink);

/// For debugging: dark ink on white paper; a mask in black and white.
Image to_picture(const Ink& ink);
Image to_picture(const cv::Mat& grey_or_mask);

}  // namespace digitry
