#include "digitry/vision/ink.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <utility>
#include <vector>

namespace digitry {
namespace {

constexpr double kMaxWorkingPixels = 6e6;
constexpr double kMaxWorkingSide = 8192;
constexpr int kMinWorkingSide = 200;  // the longer side

constexpr double kPolaritySide = 256;
constexpr double kPaperSide = 400;
constexpr double kWidePaperWindow = 0.3;  // of the shorter side
constexpr double kNoiseWorthSmoothing = 0.004;
constexpr double kSmoothing = 0.8;  // pixels

constexpr double kWeakDarkness = 0.07;
constexpr double kWeakNoises = 3.5;
constexpr double kStrongDarkness = 0.12;
constexpr double kStrongNoises = 6;
constexpr double kStrongShare = 0.45;  // of the darkest ink nearby
constexpr double kNearbyStrokes = 4;

int odd(double size) { return 2 * static_cast<int>(std::max(size, 1.0) / 2) + 1; }

cv::Mat shrunk_to(const cv::Mat& image, double side) {
  const double factor = side / std::max(image.rows, image.cols);
  if (factor >= 1) return image.clone();
  cv::Mat small;
  cv::resize(image, small,
             {std::max(1, cvRound(image.cols * factor)), std::max(1, cvRound(image.rows * factor))},
             0, 0, cv::INTER_AREA);
  return small;
}

// The brightness of the paper: the picture without dark things narrower than the window.
cv::Mat find_paper(const cv::Mat& grey, double window) {
  cv::Mat paper = shrunk_to(grey, kPaperSide);
  const double factor = static_cast<double>(paper.cols) / grey.cols;
  const int size = odd(std::max(3.0, window * factor));
  cv::GaussianBlur(paper, paper, {}, 1);  // Otherwise the brightest noise would count as paper.
  cv::morphologyEx(paper, paper, cv::MORPH_CLOSE,
                   cv::getStructuringElement(cv::MORPH_RECT, {size, size}));
  cv::GaussianBlur(paper, paper, {}, std::max(1.0, size / 6.0));
  cv::resize(paper, paper, grey.size(), 0, 0, cv::INTER_LINEAR);
  return cv::max(paper, 1.0);
}

struct Spread {
  double median = 0;
  double deviation = 0;  // Standard deviation of a normal distribution with the same MAD.
};

Spread spread_of(const cv::Mat& values) {
  constexpr int kSamples = 20'000;
  const auto total = static_cast<int>(values.total());
  const int step = std::max(1, total / kSamples);
  std::vector<float> sample;
  const auto* data = values.ptr<float>();
  for (int i = 0; i < total; i += step) sample.push_back(data[i]);
  const auto middle = sample.begin() + std::ssize(sample) / 2;
  std::nth_element(sample.begin(), middle, sample.end());
  const float median = *middle;
  for (float& value : sample) value = std::fabs(value - median);
  std::nth_element(sample.begin(), middle, sample.end());
  constexpr double kMadToDeviation = 1.4826;
  return {median, kMadToDeviation * static_cast<double>(*middle)};
}

cv::Mat smoothed(const cv::Mat& darkness, double noise) {
  if (noise < kNoiseWorthSmoothing) return darkness;
  cv::Mat smooth;
  cv::GaussianBlur(darkness, smooth, {}, kSmoothing);
  return smooth;
}

// Sets the darkness and the noise.
Ink ink_on(const cv::Mat& grey, const cv::Mat& paper) {
  Ink ink;
  cv::divide(grey, paper, ink.darkness);
  ink.darkness = 1.0 - ink.darkness;
  // Most pixels are paper. Their median is not 0, because a closing prefers bright noise.
  const double offset = std::clamp(spread_of(ink.darkness).median, -0.1, 0.15);
  ink.darkness = (ink.darkness - offset) / (1 - offset);
  const double raw = spread_of(ink.darkness).deviation;
  ink.noise = spread_of(smoothed(ink.darkness, raw)).deviation;
  ink.darkness = cv::min(cv::max(ink.darkness, 0.0), 1.0);
  return ink;
}

double strong_minimum(const Ink& ink) {
  return std::max(kStrongDarkness, kStrongNoises * ink.noise);
}

// The mask before the stroke width is known: relative to the dark part of everything above the
// noise.
cv::Mat first_mask(const Ink& ink) {
  const cv::Mat smooth = smoothed(ink.darkness, ink.noise);
  std::vector<float> dark;
  const auto* data = smooth.ptr<float>();
  for (std::size_t i = 0; i < smooth.total(); ++i)
    if (data[i] > strong_minimum(ink)) dark.push_back(data[i]);
  if (dark.empty()) return cv::Mat::zeros(smooth.size(), CV_8U);
  const auto place = dark.begin() + std::ssize(dark) * 9 / 10;
  std::nth_element(dark.begin(), place, dark.end());
  return smooth > std::max(strong_minimum(ink), kStrongShare * static_cast<double>(*place));
}

}  // namespace

WorkingGrey make_working_grey(const Image& picture) {
  Image one = to_grey(picture);
  const cv::Mat bytes(static_cast<int>(one.height), static_cast<int>(one.width), CV_8U,
                      one.pixels.data());
  WorkingGrey working;
  const int longer = std::max(bytes.rows, bytes.cols);
  cv::Mat resized = bytes;
  if (longer < kMinWorkingSide) {
    const int factor = (kMinWorkingSide + longer - 1) / longer;
    working.scale = factor;
    cv::resize(bytes, resized, {}, factor, factor, cv::INTER_NEAREST);
  } else {
    working.scale =
        std::min({1.0, std::sqrt(kMaxWorkingPixels / static_cast<double>(bytes.total())),
                  kMaxWorkingSide / longer});
    if (working.scale < 1) resized = shrunk_to(bytes, longer * working.scale);
  }
  resized.convertTo(working.grey, CV_32F);
  return working;
}

// Strokes are thin, so ink is on the rarer side of the local mean. The sign of the third moment
// shows which side that is.
bool ink_is_light(const cv::Mat& grey) {
  const cv::Mat small = shrunk_to(grey, kPolaritySide);
  const int window = odd(std::max(small.rows, small.cols) / 3.0);
  cv::Mat mean;
  cv::boxFilter(small, mean, CV_32F, {window, window}, {-1, -1}, true, cv::BORDER_REFLECT);
  const cv::Mat difference = small - mean;
  return cv::sum(difference.mul(difference).mul(difference))[0] > 0;
}

double wide_paper_window(const cv::Mat& grey) {
  return kWidePaperWindow * std::min(grey.rows, grey.cols);
}

Ink find_ink(const cv::Mat& grey, bool light, double paper_window) {
  const cv::Mat dark_on_light = light ? cv::Mat(255.0 - grey) : grey;
  Ink ink = ink_on(dark_on_light, find_paper(dark_on_light, paper_window));
  ink.light = light;
  return ink;
}

double find_stroke_width(const Ink& ink) {
  // A border of paper, so that every stroke has an edge.
  cv::Mat mask;
  cv::copyMakeBorder(first_mask(ink), mask, 1, 1, 1, 1, cv::BORDER_CONSTANT, 0);
  cv::Mat labels;
  cv::Mat distance;
  const int count = cv::connectedComponents(mask, labels, 8, CV_32S);
  if (count <= 1) return 0;
  cv::distanceTransform(mask, distance, cv::DIST_L2, 3);
  std::vector<std::pair<double, double>> sums(static_cast<std::size_t>(count));  // distance, area
  for (int y = 0; y < mask.rows; ++y) {
    const auto* label = labels.ptr<int>(y);
    const auto* d = distance.ptr<float>(y);
    for (int x = 0; x < mask.cols; ++x) {
      if (label[x] == 0) continue;
      auto& [sum, area] = sums[static_cast<std::size_t>(label[x])];
      sum += static_cast<double>(d[x]);
      area += 1;
    }
  }
  // In a bar of width w the mean distance to the edge is w/4 + 1/2.
  std::vector<std::pair<double, double>> widths;  // width, length
  double total = 0;
  for (std::size_t i = 1; i < sums.size(); ++i) {
    const double width = std::max(1.0, 4 * sums[i].first / sums[i].second - 2);
    widths.emplace_back(width, sums[i].second / width);
    total += widths.back().second;
  }
  std::ranges::sort(widths);
  double below = 0;
  for (const auto& [width, length] : widths)
    if ((below += length) >= total / 2) return width;
  return widths.back().first;
}

cv::Mat weak_mask(const Ink& ink) {
  return smoothed(ink.darkness, ink.noise) > std::max(kWeakDarkness, kWeakNoises * ink.noise);
}

cv::Mat strong_mask(const Ink& ink) {
  const cv::Mat smooth = smoothed(ink.darkness, ink.noise);
  const int window = odd(kNearbyStrokes * ink.stroke_width);
  cv::Mat threshold;
  cv::dilate(smooth, threshold, cv::getStructuringElement(cv::MORPH_RECT, {window, window}));
  threshold = cv::max(threshold * kStrongShare, strong_minimum(ink));
  return smooth > threshold;
}

Image to_picture(const Ink& ink) {
  cv::Mat grey;
  ink.darkness.convertTo(grey, CV_8U, -255, 255);
  return to_picture(grey);
}

Image to_picture(const cv::Mat& grey_or_mask) {
  cv::Mat bytes;
  grey_or_mask.convertTo(bytes, CV_8U);
  if (!bytes.isContinuous()) bytes = bytes.clone();
  return {bytes.rows, bytes.cols, 1, {bytes.data, bytes.data + bytes.total()}};
}

}  // namespace digitry
