#pragma once

#include <string>

#include "digitry/vision/reader.h"

// Digits and letters drawn with a font, and a classifier that knows its digits: the nearest drawn
// digit by the angle between images. Pages of them need no trained model.

namespace digitry::test {

/// Where and how a text is drawn: its lower left corner, the height of its digits.
struct TextOptions {
  int x = 0;
  int y = 0;
  int height = 40;
  int thickness = 4;
  int ink = 20;  ///< Grey level.
};

/// A grey picture of paper.
Image blank_picture(std::int64_t height, std::int64_t width, std::uint8_t paper = 235);

/// Draws with OpenCV's simplex font.
void draw_text(Image& picture, const std::string& text, const TextOptions& options);

/// Knows digits drawn so; everything else it refuses by its score, the cosine.
const DigitClassifier& hershey_classifier();

/// What that classifier reads in the picture, rows apart by '/'.
std::string read_text(const Image& picture, const ReadOptions& options = {});

}  // namespace digitry::test
