#include "tests/cases/drawn_scenes.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <utility>
#include <vector>

namespace digitry::test {
namespace {

constexpr int kImageSide = 28;

class Drawing {
 public:
  Drawing(const Tensor& images, std::span<const std::int32_t> labels, RandomStream& random)
      : images_(images), labels_(labels), random_(random) {}

  double between(double low, double high) {
    return low + (high - low) * static_cast<double>(random_.next_float());
  }
  int below(int limit) {
    return static_cast<int>(random_.next_below(static_cast<std::uint32_t>(limit)));
  }
  bool maybe() { return below(2) == 0; }

  // Paper and ink; ink is dark unless the colours are of equal lightness.
  void begin(int width, int height) {
    const double light = between(190, 245);
    paper = cv::Scalar(light - between(0, 25), light - between(0, 15), light);
    pen = cv::Scalar(between(10, 80), between(10, 80), between(20, 120));
    canvas = cv::Mat(height, width, CV_8UC3, paper);
    ink = cv::Mat::zeros(height, width, CV_32F);
  }

  // A digit, 20·scale high or wide, about (x, y). Notes its label.
  void digit(double x, double y, double scale) {
    const int index = below(static_cast<int>(images_.shape()[0]));
    text += std::to_string(labels_[static_cast<std::size_t>(index)]);
    const auto* pixels = images_.as<std::uint8_t>().data() + index * kImageSide * kImageSide;
    cv::Mat image(kImageSide, kImageSide, CV_8U, const_cast<std::uint8_t*>(pixels));
    image.convertTo(image, CV_32F, 1.0 / 255);
    const int side = std::max(8, cvRound(kImageSide * scale));
    cv::resize(image, image, {side, side}, 0, 0, cv::INTER_CUBIC);
    image = cv::min(cv::max(image, 0.0), 1.0);
    const cv::Rect place(cvRound(x - side / 2.0), cvRound(y - side / 2.0), side, side);
    const cv::Rect inside = place & cv::Rect({0, 0}, ink.size());
    cv::Mat under = ink(inside);
    cv::max(under, image(inside - place.tl()), under);
  }

  void row(int count, double left, double y, double scale) {
    for (int i = 0; i < count; ++i)
      digit(left + (i + 0.5) * 30 * scale, y + between(-2, 2) * scale, scale);
  }

  void lay_ink() {
    for (int y = 0; y < canvas.rows; ++y)
      for (int x = 0; x < canvas.cols; ++x) {
        const double covered = static_cast<double>(ink.at<float>(y, x));
        if (covered <= 0) continue;
        auto& pixel = canvas.at<cv::Vec3b>(y, x);
        for (int c = 0; c < 3; ++c)
          pixel[c] = cv::saturate_cast<std::uint8_t>(pixel[c] * (1 - covered) + pen[c] * covered);
      }
  }

  void line(cv::Point2d a, cv::Point2d b, const cv::Scalar& color, int width) {
    cv::line(canvas, cv::Point(cvRound(a.x), cvRound(a.y)), cv::Point(cvRound(b.x), cvRound(b.y)),
             color, width, cv::LINE_AA);
  }

  void turn(double degrees, const cv::Scalar& outside, bool replicate) {
    const cv::Mat by = cv::getRotationMatrix2D(
        {static_cast<float>(canvas.cols) / 2, static_cast<float>(canvas.rows) / 2}, degrees, 1);
    cv::warpAffine(canvas.clone(), canvas, by, canvas.size(), cv::INTER_LINEAR,
                   replicate ? cv::BORDER_REPLICATE : cv::BORDER_CONSTANT, outside);
  }

  void noise(double deviation) {
    for (int y = 0; y < canvas.rows; ++y)
      for (int x = 0; x < canvas.cols; ++x) {
        const double grain = deviation * static_cast<double>(random_.next_normal());
        auto& pixel = canvas.at<cv::Vec3b>(y, x);
        for (int c = 0; c < 3; ++c) pixel[c] = cv::saturate_cast<std::uint8_t>(pixel[c] + grain);
      }
  }

  Scene finish() {
    noise(between(0, 5));
    Scene scene{{canvas.rows, canvas.cols, 3, {}}, text};
    scene.picture.pixels.assign(canvas.datastart, canvas.dataend);
    return scene;
  }

  cv::Mat canvas;
  cv::Mat ink;
  cv::Scalar paper;
  cv::Scalar pen;
  std::string text;

 private:
  const Tensor& images_;
  std::span<const std::int32_t> labels_;
  RandomStream& random_;
};

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

// A corner moved by up to this share of the picture.
cv::Point2f shaken(Drawing& d, double x, double y, double share) {
  return {static_cast<float>(x + d.between(-share, share) * d.canvas.cols),
          static_cast<float>(y + d.between(-share, share) * d.canvas.rows)};
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
    default:
      draw_things(d, kind);
  }
  return d.finish();
}

}  // namespace digitry::test
