#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "digitry/base/random.h"
#include "digitry/image/image.h"
#include "digitry/tensor/tensor.h"

// Pictures drawn from images of digits, for tests and for bench/vision: what is on them is known.

namespace digitry::test {

/// One digit of a data set (uint8 [N,1,28,28]), drawn alone: `scale` times as large, smoothly,
/// somewhere on a canvas of paper (or, where `light`, of board) with noise, in colour.
struct CanvasOptions {
  double scale = 6;
  bool light = false;
  double noise = 5;  ///< Standard deviation in grey levels.
};
Image draw_canvas(const Tensor& images, std::int64_t image_index, const CanvasOptions& options,
                  RandomStream& random);

/// What a page of digits looks like. Distances are in pixels of the digits' images.
struct PageOptions {
  std::int64_t num_digits = 8;
  std::int64_t num_lines = 1;
  double scale = 3;           ///< Pixels of the page for one of the images.
  double skew_degrees = 0;    ///< By how much lines run down to the right.
  bool ruled = false;         ///< Ruled lines, which digits may stand across.
  double shade = 0;           ///< By how much the light falls off across the page, at most.
  double noise = 4;           ///< Standard deviation in grey levels.
  double touching_share = 0;  ///< Of neighbours in a line that touch; others have gaps of 0 to 2.
};

struct DrawnDigit {
  std::int64_t image_index = 0;
  std::int64_t line = 0;
  double x = 0;  ///< Of its middle, in pixels of the page.
  double y = 0;
  bool touches_next = false;
};

struct DrawnPage {
  Image picture;
  std::vector<DrawnDigit> digits;  ///< In reading order.
};

/// Random digits of the data set on a page of paper.
DrawnPage draw_page(const Tensor& images, const PageOptions& options, RandomStream& random);

/// The labels of a page's digits as text, a row a line.
std::string text_of(const DrawnPage& page, const std::vector<std::int32_t>& labels);

}  // namespace digitry::test
