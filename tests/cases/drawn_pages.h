#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "digitry/base/random.h"
#include "digitry/image/image.h"
#include "digitry/tensor/tensor.h"

// Pictures drawn from images of digits, for tests and for bench/vision, with known content.

namespace digitry::test {

/// One digit of a data set (uint8 [N,1,28,28]), drawn alone: smoothly enlarged by `scale`, at a
/// random position on paper (or, if `light`, on a board), with noise, in colour.
struct CanvasOptions {
  double scale = 6;
  bool light = false;
  double noise = 5;  ///< Standard deviation in grey levels.
};
Image draw_canvas(const Tensor& images, std::int64_t image_index, const CanvasOptions& options,
                  RandomStream& random);

/// The appearance of a page of digits. Distances are in pixels of the images of digits.
struct PageOptions {
  std::int64_t num_digits = 8;
  std::int64_t num_lines = 1;
  double scale = 3;         ///< Pixels of the page per pixel of an image.
  double skew_degrees = 0;  ///< Angle by which lines fall to the right.
  bool ruled = false;       ///< Ruled lines, which digits may cross.
  double shade = 0;         ///< Largest loss of light across the page.
  double noise = 4;         ///< Standard deviation in grey levels.
  double touching_share =
      0;  ///< Share of neighbours in a line that touch; others have gaps of 0 to 2.
};

struct DrawnDigit {
  std::int64_t image_index = 0;
  std::int64_t line = 0;
  double x = 0;  ///< Centre, in pixels of the page.
  double y = 0;
  bool touches_next = false;
};

struct DrawnPage {
  Image picture;
  std::vector<DrawnDigit> digits;  ///< In reading order.
};

/// Random digits of the data set on a page of paper.
DrawnPage draw_page(const Tensor& images, const PageOptions& options, RandomStream& random);

/// The labels of the digits of a page as text, one row per line.
std::string text_of(const DrawnPage& page, const std::vector<std::int32_t>& labels);

}  // namespace digitry::test
