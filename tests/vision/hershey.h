#pragma once

#include <opencv2/core.hpp>
#include <string>

#include "digitry/vision/reader.h"

// Text drawn with a font, and a classifier for its digits: the nearest drawn digit by the angle
// between images. So the tests of pages need no trained model.

namespace digitry::test {

/// Position of the lower left corner, and height of the digits, in pixels.
struct TextOptions {
  int x = 0;
  int y = 0;
  int height = 40;
  int thickness = 4;
  int ink = 20;  ///< Grey level.
};

/// A grey picture of empty paper.
Image blank_picture(std::int64_t height, std::int64_t width, std::uint8_t paper = 235);

/// Draws with OpenCV's simplex font.
void draw_text(Image& picture, const std::string& text, const TextOptions& options);

/// A page of 260×460 pixels with one or two lines of text.
Image page_of(const std::string& first, const std::string& second = "");

/// A matrix on the pixels of a grey picture.
cv::Mat canvas_of_picture(Image& picture);

/// Classifies digits drawn so. Its score is a cosine; images below 0.8 are rejected.
const DigitClassifier& hershey_classifier();

/// The text that it reads in the picture, with '/' between rows.
std::string read_text(const Image& picture, const ReadOptions& options = {});

}  // namespace digitry::test
