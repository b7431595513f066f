#include "tests/cases/drawn_scenes.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <utility>
#include <vector>

#include "tests/cases/drawing.h"
#include "tests/cases/drawn_grids.h"
#include "tests/cases/faint_strokes.h"

namespace digitry::test {
namespace {

void draw_crop(Drawing& d, double margin_share, int margin) {
  const double scale = d.between(1.5, 12);
  const int side = cvRound(kImageSide * scale) + 40;
  d.begin(side, side);
  d.digit(side / 2.0, side / 2.0, scale);
  const cv::Rect box = cv::boundingRect(cv::Mat(d.ink > 0.25));
  const int by = margin + cvRound(margin_share * std::max(box.width, box.height));
  d.lay_ink();
  d.canvas = d.canvas(cv::Rect(box.x - by, box.y - by, box.width + 2 * by, box.height + 2 * by) &
                      cv::Rect({0, 0}, d.canvas.size()))
                 .clone();
}

// Three to six digits in one or two rows on clean paper; returns their scale.
double draw_sheet(Drawing& d, int width = 900, int height = 600) {
  const int count = 3 + d.below(4);
  const double scale = d.between(1.8, width / 30.0 / (count + 1.5));
  d.begin(width, height);
  const double left = d.between(20, width - 30 * scale * count - 20);
  const bool two = height > 90 * scale && d.maybe();
  const double top = d.between(20 * scale, height - (two ? 56 : 20) * scale);
  d.row(count, left, top, scale);
  if (two) {
    d.text += '\n';
    d.row(count, left, top + 36 * scale, scale);
  }
  return scale;
}

void draw_table(Drawing& d) {
  draw_sheet(d, 700, 460);
  d.lay_ink();
  const cv::Mat sheet = d.canvas.clone();
  const bool darker = d.below(4) != 0;
  const double light = darker ? d.between(20, 130) : 255;
  const cv::Scalar table = darker ? cv::Scalar(light, light * d.between(0.6, 1), light * 0.7)
                                  : cv::Scalar(255, 253, 250);
  if (!darker) d.canvas = d.canvas * 0.72;
  const cv::Mat shown = darker ? sheet : d.canvas.clone();
  int margins[4];
  for (int& margin : margins) margin = d.below(3) == 0 ? 0 : 30 + d.below(120);
  cv::Mat mask(shown.size(), CV_8U, cv::Scalar(255));
  cv::Mat wide;
  cv::copyMakeBorder(shown, wide, margins[0], margins[1], margins[2], margins[3],
                     cv::BORDER_REPLICATE);
  cv::copyMakeBorder(mask, mask, margins[0], margins[1], margins[2], margins[3],
                     cv::BORDER_CONSTANT, 0);
  const double angle = d.between(-5, 5);
  const cv::Mat by = cv::getRotationMatrix2D(
      {static_cast<float>(wide.cols) / 2, static_cast<float>(wide.rows) / 2}, angle, 1);
  cv::warpAffine(wide.clone(), wide, by, wide.size(), cv::INTER_LINEAR, cv::BORDER_REPLICATE);
  cv::warpAffine(mask.clone(), mask, by, mask.size(), cv::INTER_LINEAR, cv::BORDER_REPLICATE);
  d.canvas = cv::Mat(wide.size(), CV_8UC3, table);
  const double grain = d.between(0, 14);
  for (int y = 0; y < d.canvas.rows; ++y) {
    const double stripe = grain * std::sin(y * 0.21 + std::sin(y * 0.05) * 3);
    d.canvas.row(y) += cv::Scalar::all(stripe);
  }
  for (int y = 0; y < wide.rows; ++y)
    for (int x = 0; x < wide.cols; ++x) {
      const double share = mask.at<std::uint8_t>(y, x) / 255.0;
      for (int c = 0; c < 3; ++c) {
        auto& to = d.canvas.at<cv::Vec3b>(y, x)[c];
        to =
            cv::saturate_cast<std::uint8_t>(to * (1 - share) + wide.at<cv::Vec3b>(y, x)[c] * share);
      }
    }
}

// The lower part of the sheet is free for what lies on it.
void draw_things(Drawing& d, SceneKind kind) {
  const double scale = d.between(1.8, 3.5);
  const int count = 3 + d.below(4);
  d.begin(cvRound(30 * scale * (count + 2)), cvRound(90 * scale));
  const int width = d.canvas.cols;
  const int height = d.canvas.rows;
  d.row(count, 30 * scale, 26 * scale, scale);
  d.lay_ink();
  if (kind == SceneKind::kPen) {
    const cv::Scalar color(d.between(0, 200), d.between(0, 120), d.between(0, 120));
    const cv::Point2d tip(d.between(0.1, 0.5) * width, d.between(0.6, 0.75) * height);
    const double angle = d.between(0, 0.9);
    const double length = d.between(0.4, 1.2) * width;
    d.line(tip, tip + cv::Point2d(std::cos(angle), std::sin(angle)) * length, color,
           cvRound(d.between(3, 12) * scale));
  } else if (kind == SceneKind::kThumb) {
    const cv::Scalar skin(d.between(150, 225), d.between(100, 165), d.between(80, 135));
    const double x = d.between(0.1, 0.9) * width;
    cv::ellipse(d.canvas, cv::Point(cvRound(x), height + cvRound(4 * scale)),
                cv::Size(cvRound(d.between(8, 16) * scale), cvRound(d.between(20, 38) * scale)),
                d.between(-25, 25), 0, 360, skin, cv::FILLED, cv::LINE_AA);
  } else if (kind == SceneKind::kHoles) {
    const double pitch = d.between(9, 16) * scale;
    const double dark = d.between(20, 110);
    for (double x = pitch; x < width; x += pitch)
      cv::circle(d.canvas, cv::Point(cvRound(x), height - cvRound(8 * scale)), cvRound(3 * scale),
                 cv::Scalar(dark, dark, dark), cv::FILLED, cv::LINE_AA);
  } else if (kind == SceneKind::kEdge) {
    const double x = d.between(2, 14) * scale;
    const double tone = d.between(20, 120);
    d.line({x, 0}, {x + d.between(-8, 8), static_cast<double>(height)}, cv::Scalar::all(tone),
           cvRound(d.between(1, 3) * scale));
    if (d.maybe())
      cv::rectangle(d.canvas, cv::Rect(0, 0, cvRound(x), height), cv::Scalar::all(tone + 20),
                    cv::FILLED);
  } else if (kind == SceneKind::kBlotches) {
    for (int i = 0; i < 60; ++i) {
      const cv::Point2d at(d.between(0, width), d.between(0, height));
      const double tone = d.between(0.65, 0.92);
      d.line(at, at + cv::Point2d(d.between(-5, 5), d.between(-2, 2)) * scale, d.paper * tone,
             cvRound(d.between(0.6, 2.2) * scale));
    }
    cv::Mat blurred;
    cv::GaussianBlur(d.canvas, blurred, {}, 1.2);
    d.canvas = std::move(blurred);
  } else if (kind == SceneKind::kRule) {
    const double y = d.between(34, 37) * scale;
    d.line({0, y}, {static_cast<double>(width), y + d.between(-3, 3)},
           d.paper * d.between(0.4, 0.8), std::max(1, cvRound(d.between(0.5, 1.2) * scale)));
  } else if (kind == SceneKind::kFrame) {
    cv::rectangle(d.canvas,
                  cv::Rect(cvRound(10 * scale), cvRound(5 * scale), width - cvRound(20 * scale),
                           height - cvRound(14 * scale)),
                  d.pen, std::max(1, cvRound(d.between(0.8, 2.5) * scale)), cv::LINE_AA);
    if (d.maybe()) d.turn(d.between(-2, 2), d.paper, true);
  } else if (kind == SceneKind::kLamp) {
    const cv::Point2d lamp(d.between(0, width), d.between(0, height));
    const double slope = d.between(-1, 1);
    const double cut = d.between(0.2, 0.8) * width;
    const double shadow = d.between(0.4, 0.75);
    for (int y = 0; y < height; ++y)
      for (int x = 0; x < width; ++x) {
        const double far = std::hypot(x - lamp.x, y - lamp.y) / width;
        const double hard = 1 / (1 + std::exp(-(x - cut - slope * y) / 3));
        const double light = (0.65 + 0.35 * std::exp(-4 * far * far)) * (1 - (1 - shadow) * hard);
        d.canvas.at<cv::Vec3b>(y, x) *= light;
      }
  }
}

void draw_squared(Drawing& d) {
  const double scale = draw_sheet(d);
  const double pitch = d.between(7, 26) * scale;
  const cv::Scalar color(d.paper[0] * d.between(0.6, 0.8), d.paper[1] * 0.82, d.paper[2] * 0.95);
  const int width = std::max(1, cvRound(d.between(0.2, 0.6) * scale));
  for (double x = d.between(0, pitch); x < d.canvas.cols; x += pitch)
    d.line({x, 0}, {x, static_cast<double>(d.canvas.rows)}, color, width);
  for (double y = d.between(0, pitch); y < d.canvas.rows; y += pitch)
    d.line({0, y}, {static_cast<double>(d.canvas.cols), y}, color, width);
  d.lay_ink();
  d.turn(d.between(-3, 3), d.paper, true);
}

void draw_headline(Drawing& d) {
  const double scale = d.between(1.6, 2.4);
  const double large = scale * d.between(2.5, 4.5);
  const int count = 2 + d.below(4);
  d.begin(cvRound(30 * (large + scale * count) + 40), cvRound(30 * (large + scale) + 60));
  d.digit(14 * large + 20, 14 * large + 20, large);
  d.text += '\n';
  d.row(count, 30 * scale, 30 * large + 30 + 14 * scale, scale);
  d.lay_ink();
}

// Two colours of hue at least a quarter of the circle apart, with about the same luminance.
void draw_colour(Drawing& d) {
  draw_sheet(d, 500, 300);
  const auto hue = [](double turns, double luminance) {
    cv::Vec3d c;
    for (int i = 0; i < 3; ++i) c[i] = 1 + 0.75 * std::cos(2 * CV_PI * (turns - i / 3.0));
    const double own = 0.299 * c[0] + 0.587 * c[1] + 0.114 * c[2];
    c *= luminance / own;
    return cv::Scalar(std::min(c[0], 255.0), std::min(c[1], 255.0), std::min(c[2], 255.0));
  };
  const double turns = d.between(0, 1);
  const double luminance = d.between(90, 140);
  d.paper = hue(turns, luminance);
  d.pen = hue(turns + d.between(0.3, 0.7), luminance * d.between(0.95, 1.05));
  d.canvas.setTo(d.paper);
  d.lay_ink();
}

}  // namespace

Scene draw_scene(const Tensor& images, std::span<const std::int32_t> labels, SceneKind kind,
                 RandomStream& random) {
  Drawing d(images, labels, random);
  switch (kind) {
    case SceneKind::kCrop:
      draw_crop(d, 0, 0);
      break;
    case SceneKind::kCropPixel:
      draw_crop(d, 0, 1);
      break;
    case SceneKind::kCropShare:
      draw_crop(d, 0.05, 0);
      break;
    case SceneKind::kTable:
      draw_table(d);
      break;
    case SceneKind::kBoxes:
      draw_cells(d, 3 + d.below(5), 1);
      break;
    case SceneKind::kGrid:
      draw_cells(d, 3 + d.below(4), 2 + d.below(4));
      break;
    case SceneKind::kSudoku:
      draw_sudoku(d);
      break;
    case SceneKind::kSquared:
      draw_squared(d);
      break;
    case SceneKind::kHeadline:
      draw_headline(d);
      break;
    case SceneKind::kColour:
      draw_colour(d);
      break;
    case SceneKind::kFaint:
      return draw_faint_strokes(images, labels, random_faint_strokes(random), random);
    default:
      draw_things(d, kind);
  }
  return d.finish();
}

}  // namespace digitry::test
