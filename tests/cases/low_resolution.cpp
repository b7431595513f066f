#include "tests/cases/low_resolution.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <utility>

namespace digitry::test {
namespace {

constexpr int kMnistWidth = 28;
constexpr int kEnlarged = 8;  // Pixels of the drawing per pixel of the image.

double uniform(RandomStream& random, double low, double high) {
  return low + (high - low) * static_cast<double>(random.next_float());
}

// The digit in black (1) on white (0), large, slanted, thicker or thinner, cut out to its ink.
cv::Mat large_ink(const Tensor& images, std::int64_t image_index, RandomStream& random) {
  const auto* pixels = images.as<std::uint8_t>().data() + image_index * kMnistWidth * kMnistWidth;
  const cv::Mat image(kMnistWidth, kMnistWidth, CV_8U, const_cast<std::uint8_t*>(pixels));
  cv::Mat ink;
  image.convertTo(ink, CV_32F, 1.0 / 255);
  const int side = 2 * kMnistWidth * kEnlarged;
  const double slant = uniform(random, -0.15, 0.15);
  const double angle = uniform(random, -0.08, 0.08);
  const cv::Matx22d change(kEnlarged * std::cos(angle), kEnlarged * (slant - std::sin(angle)),
                           kEnlarged * std::sin(angle), kEnlarged * std::cos(angle));
  const cv::Vec2d middle(kMnistWidth / 2.0, kMnistWidth / 2.0);
  const cv::Vec2d shift = cv::Vec2d(side / 2.0, side / 2.0) - change * middle;
  const cv::Matx23d whole(change(0, 0), change(0, 1), shift[0], change(1, 0), change(1, 1),
                          shift[1]);
  cv::warpAffine(ink, ink, whole, {side, side}, cv::INTER_CUBIC);
  ink = cv::Mat(ink > uniform(random, 0.35, 0.65));
  const int pen = 1 + 2 * static_cast<int>(random.next_below(5));
  const cv::Mat nib = cv::getStructuringElement(cv::MORPH_ELLIPSE, {pen, pen});
  if (random.next_below(2) == 0)
    cv::dilate(ink, ink, nib);
  else if (pen <= 5)
    cv::erode(ink, ink, nib);
  const cv::Rect box = cv::boundingRect(ink);
  cv::Mat cut;
  ink(box).convertTo(cut, CV_32F, 1.0 / 255);
  return cut;
}

// Averaged to height×width pixels in the middle of a square.
cv::Mat averaged(const cv::Mat& ink, int height, int width, int side) {
  cv::Mat square = cv::Mat::zeros(side, side, CV_32F);
  cv::Mat within = square(cv::Rect((side - width) / 2, (side - height) / 2, width, height));
  cv::resize(ink, within, within.size(), 0, 0, cv::INTER_AREA);
  return square;
}

int share_of(int side, double share) { return std::clamp(cvRound(side * share), 1, side); }

// The width by height after a stretch to a square by this share; 1 for all of it.
double stretched(const cv::Mat& ink, double by) {
  const double narrow = static_cast<double>(ink.cols) / ink.rows;
  return std::pow(narrow, 1 - by);
}

}  // namespace

Image low_resolution_image(const Tensor& images, std::int64_t image_index, LowResolution kind,
                           RandomStream& random) {
  const cv::Mat ink = large_ink(images, image_index, random);
  cv::Mat small;
  if (kind == LowResolution::kUsps) {
    const double narrow = stretched(ink, uniform(random, 0, 0.4));
    small = averaged(ink, share_of(16, 1 / narrow), share_of(16, narrow), 16);
    cv::GaussianBlur(small, small, {}, uniform(random, 0.3, 0.6));
    small = cv::min(
        small / std::max(0.3F, *std::max_element(small.begin<float>(), small.end<float>())), 1.0);
  } else if (kind == LowResolution::kOptdigits) {
    const double narrow = stretched(ink, uniform(random, 0, 0.6));
    const cv::Mat bitmap = averaged(ink, share_of(32, 1 / narrow), share_of(32, narrow), 32) > 0.5;
    cv::Mat dark;
    bitmap.convertTo(dark, CV_32F, 1.0 / 255);
    cv::resize(dark, small, {8, 8}, 0, 0, cv::INTER_AREA);
  } else {
    const cv::Mat dark = averaged(ink, 16, 16, 16) > 0.5;
    dark.convertTo(small, CV_32F, 1.0 / 255);
  }
  Image image{small.rows, small.cols, 1, {}};
  for (const float value : cv::Mat_<float>(small))
    image.pixels.push_back(static_cast<std::uint8_t>(std::lround(255 * value)));
  return image;
}

Image draw_low_resolution(const Tensor& images, std::int64_t image_index, LowResolution kind,
                          int side, RandomStream& random) {
  Image small = low_resolution_image(images, image_index, kind, random);
  const cv::Mat from(static_cast<int>(small.height), static_cast<int>(small.width), CV_8U,
                     small.pixels.data());
  constexpr std::array kWays = {cv::INTER_NEAREST, cv::INTER_LINEAR, cv::INTER_CUBIC};
  cv::Mat drawn;
  cv::resize(from, drawn, {side, side}, 0, 0, kWays[random.next_below(kWays.size())]);
  if (random.next_below(2) == 0) drawn = 255 - drawn;
  return {side, side, 1, {drawn.datastart, drawn.dataend}};
}

}  // namespace digitry::test
