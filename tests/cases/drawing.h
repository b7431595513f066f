#pragma once

#include <algorithm>
#include <opencv2/imgproc.hpp>
#include <span>
#include <string>

#include "digitry/base/random.h"
#include "digitry/tensor/tensor.h"
#include "tests/cases/drawn_scenes.h"

namespace digitry::test {

inline constexpr int kImageSide = 28;

/// A picture in the making: paper, what lies on it, and digits of a data set with their labels.
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

}  // namespace digitry::test
