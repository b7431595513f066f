#include "tests/cases/drawn_grids.h"

#include <algorithm>
#include <opencv2/imgproc.hpp>
#include <string>

namespace digitry::test {
namespace {

// A corner moved by up to this share of the picture.
cv::Point2f shaken(Drawing& d, double x, double y, double share) {
  return {static_cast<float>(x + d.between(-share, share) * d.canvas.cols),
          static_cast<float>(y + d.between(-share, share) * d.canvas.rows)};
}

}  // namespace

void draw_cells(Drawing& d, int columns, int rows) {
  const double scale = d.between(1.6, 4);
  const double pitch = d.between(25, 36) * scale;
  const int margin = cvRound(d.between(4, 30) * scale);
  d.begin(cvRound(pitch * columns) + 2 * margin, cvRound(pitch * rows) + 2 * margin);
  for (int y = 0; y < rows; ++y) {
    if (y > 0) d.text += '\n';
    for (int x = 0; x < columns; ++x)
      d.digit(margin + pitch * (x + 0.5) + d.between(-2, 2) * scale,
              margin + pitch * (y + 0.5) + d.between(-2, 2) * scale, scale);
  }
  const cv::Scalar color = d.maybe() ? d.pen : d.paper * d.between(0.3, 0.75);
  const int width = std::max(1, cvRound(d.between(0.5, 1.6) * scale));
  const double right = margin + pitch * columns;
  const double bottom = margin + pitch * rows;
  for (int x = 0; x <= columns; ++x)
    d.line({margin + pitch * x, static_cast<double>(margin)}, {margin + pitch * x, bottom}, color,
           width);
  for (int y = 0; y <= rows; ++y)
    d.line({static_cast<double>(margin), margin + pitch * y}, {right, margin + pitch * y}, color,
           width);
  d.lay_ink();
  d.turn(d.between(-2, 2), d.paper, true);
}

void draw_sudoku(Drawing& d) {
  constexpr int kCells = 9;
  const double pitch = d.between(36, 64);
  const int margin = cvRound(d.between(0.6, 1.6) * pitch);
  const int side = cvRound(kCells * pitch) + 2 * margin;
  d.begin(side, side);
  const double end = margin + kCells * pitch;
  const cv::Scalar print = d.paper * d.between(0.2, 0.5);
  for (int i = 0; i <= kCells; ++i) {
    const int width = cvRound(pitch * (i % 3 == 0 ? 0.06 : 0.025)) + (i % 3 == 0 ? 1 : 0);
    const double at = margin + i * pitch;
    d.line({at, static_cast<double>(margin)}, {at, end}, print, std::max(1, width));
    d.line({static_cast<double>(margin), at}, {end, at}, print, std::max(1, width));
  }
  const double letter = cv::getFontScaleFromHeight(cv::FONT_HERSHEY_DUPLEX, cvRound(0.45 * pitch));
  for (int y = 0; y < kCells; ++y) {
    if (y > 0) d.text += '\n';
    for (int x = 0; x < kCells; ++x) {
      const cv::Point2d middle(margin + pitch * (x + 0.5), margin + pitch * (y + 0.5));
      if (d.below(3) == 0) {
        const std::string digit = std::to_string(1 + d.below(9));
        cv::putText(d.canvas, digit,
                    cv::Point(cvRound(middle.x - 0.2 * pitch), cvRound(middle.y + 0.22 * pitch)),
                    cv::FONT_HERSHEY_DUPLEX, letter, print, std::max(1, cvRound(0.06 * pitch)),
                    cv::LINE_AA);
        d.text += digit;
      } else {
        d.digit(middle.x + d.between(-0.1, 0.1) * pitch, middle.y + d.between(-0.1, 0.1) * pitch,
                d.between(0.4, 0.65) * pitch / 20);
      }
    }
  }
  cv::GaussianBlur(d.canvas.clone(), d.canvas, {}, std::max(0.3, d.between(0, 0.03) * pitch));
  d.lay_ink();
  cv::GaussianBlur(d.canvas.clone(), d.canvas, {}, 0.6);
  const auto far = static_cast<float>(side);
  const cv::Point2f from[] = {{0, 0}, {far, 0}, {far, far}, {0, far}};
  const cv::Point2f to[] = {shaken(d, 0, 0, 0.03), shaken(d, side, 0, 0.03),
                            shaken(d, side, side, 0.03), shaken(d, 0, side, 0.03)};
  cv::warpPerspective(d.canvas.clone(), d.canvas, cv::getPerspectiveTransform(from, to),
                      d.canvas.size(), cv::INTER_LINEAR, cv::BORDER_REPLICATE);
  const double dark = d.between(0.5, 1);
  for (int y = 0; y < side; ++y)
    for (int x = 0; x < side; ++x)
      d.canvas.at<cv::Vec3b>(y, x) *= 1 - (1 - dark) * (x + y) / (2.0 * side);
}

}  // namespace digitry::test
