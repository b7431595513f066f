#pragma once

#include <cstdint>
#include <opencv2/core.hpp>

#include "digitry/image/image.h"

// From a picture to ink on clean paper. Distances are in working pixels from here on.

namespace digitry {

/// The picture as it is worked on: large ones made smaller, small ones larger by a whole factor.
struct WorkingGrey {
  cv::Mat grey;      ///< CV_32F, 0 to 255.
  double scale = 1;  ///< Working pixels a pixel of the picture.
};
WorkingGrey make_working_grey(const Image& picture);

/// How much darker each pixel is than the paper around it (lighter, where the ink is light).
struct Ink {
  cv::Mat darkness;         ///< CV_32F: 0 paper, 1 black.
  double noise = 0;         ///< Standard deviation of the smoothed darkness on paper.
  double stroke_width = 0;  ///< 0 where there is no ink.
  bool light = false;
};

/// Whether the ink is lighter than what it is on.
bool ink_is_light(const cv::Mat& grey);

/// Divides light and shadow out of the picture. The paper's brightness is a morphological closing
/// by a square window of `paper_window` pixels, which has to be wider than a stroke: what is dark
/// and narrower than the window is ink, all else shadow. The stroke width is left 0.
Ink find_ink(const cv::Mat& grey, bool light, double paper_window);

/// A window that no stroke is as wide as, where nothing is known of the strokes yet.
double wide_paper_window(const cv::Mat& grey);

/// The width of most of the strokes, by their length; 0 where there is no ink. It does not use
/// `ink.stroke_width`.
double find_stroke_width(const Ink& ink);

/// Pixels (255, else 0) that may be ink: above the noise.
cv::Mat weak_mask(const Ink& ink);

/// Pixels that are ink: at least half as dark, or nearly, as the darkest ink nearby.
cv::Mat strong_mask(const Ink& ink);

/// For those who want to look: white paper, ink as dark as it is; a mask in black and white.
Image to_picture(const Ink& ink);
Image to_picture(const cv::Mat& grey_or_mask);

}  // namespace digitry
