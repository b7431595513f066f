#include "digitry/vision/ink.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <utility>
#include <vector>

#include "digitry/base/quantile.h"
#include "digitry/vision/large_pixels.h"
#include "digitry/vision/projection.h"

namespace digitry {
namespace {

constexpr double kMaxWorkingPixels = 6e6;
constexpr double kMaxWorkingSide = 8192;
constexpr int kMinWorkingSide = 200;  // the longer side

constexpr double kPolaritySide = 256;
constexpr double kSureSkewness = 1.5;
constexpr double kLeastVariance = 1e-3;  // grey levels: nothing is there
constexpr double kPaperSide = 400;
constexpr double kWhite = 255;
constexpr double kDarkestPaper = 24;
constexpr double kBrightPaper = 0.9;      // quantile of the brightness of the paper
constexpr double kShadow = 0.6;           // of that
constexpr double kWidePaperWindow = 0.3;  // of the shorter side
constexpr double kNoiseWorthSmoothing = 0.004;
constexpr double kSmoothing = 0.8;  // pixels

constexpr double kInkQuantile = 0.98;  // of the darkness: as dark as ink, if there is any
constexpr float kInkShare = 0.4F;      // of that quantile: darker than paper
constexpr float kSurelyInk = 0.15F;    // the least of that
constexpr double kMuchInk = 0.25;      // of the picture

constexpr double kShortestStroke = 3;    // of its width
constexpr double kShortestShare = 0.04;  // of the longer side of the picture
constexpr double kLeastFill = 0.03;      // of the box of a stroke
constexpr double kThickStroke = 3;       // of the width of the strokes within the picture

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
cv::Mat find_paper(const cv::Mat& grey, double window, bool ink_at_border) {
  cv::Mat paper = shrunk_to(grey, kPaperSide);
  const double factor = static_cast<double>(paper.cols) / grey.cols;
  const int size = odd(std::max(3.0, window * factor));
  cv::GaussianBlur(paper, paper, {}, 1);  // Otherwise the brightest noise would count as paper.
  const cv::Mat square = cv::getStructuringElement(cv::MORPH_RECT, {size, size});
  cv::dilate(paper, paper, square, {-1, -1}, 1, cv::BORDER_CONSTANT,
             ink_at_border ? cv::Scalar(kWhite) : cv::morphologyDefaultBorderValue());
  cv::erode(paper, paper, square);
  // Beside a bright sheet a table stays as dark as it is: its edge is no stroke.
  cv::Mat smooth;
  cv::GaussianBlur(paper, smooth, {}, std::max(1.0, size / 6.0));
  const int beside = factor < 1 ? 5 : 3;
  cv::erode(cv::min(paper, smooth), paper,
            cv::getStructuringElement(cv::MORPH_RECT, {beside, beside}));
  cv::resize(paper, paper, grey.size(), 0, 0, cv::INTER_LINEAR);
  return paper;
}

// At most 20,000 of the values, evenly spaced; of those where `where` is not 0, if it is given.
std::vector<float> sample_of(const cv::Mat& values, const cv::Mat& where = {}) {
  constexpr std::size_t kSamples = 20'000;
  const std::size_t step = std::max<std::size_t>(1, values.total() / kSamples);
  std::vector<float> sample;
  const auto* data = values.ptr<float>();
  const auto* there = where.ptr<std::uint8_t>();
  for (std::size_t i = 0; i < values.total(); i += step)
    if (there == nullptr || there[i] != 0) sample.push_back(data[i]);
  return sample;
}

struct Spread {
  double median = 0;
  double deviation = 0;  // Standard deviation of the normal distribution with the same middle.
};

// That of the darkness of paper. Ink, which may cover most of a picture, is left out if it covers
// much; then its soft edges remain, so that the deviation is that of the nearest quarter.
Spread paper_spread(const cv::Mat& darkness, const cv::Mat& where) {
  std::vector<float> sample = sample_of(darkness, where);
  if (sample.empty()) return {};
  const float ink = std::max(kSurelyInk, kInkShare * quantile(sample, kInkQuantile));
  const auto dark = std::ranges::count_if(sample, [&](float value) { return value > ink; });
  const bool much = static_cast<double>(dark) > kMuchInk * static_cast<double>(sample.size());
  if (much) std::erase_if(sample, [&](float value) { return value > ink; });
  if (sample.empty()) return {};
  const float median = quantile(sample, 0.5);
  for (float& value : sample) value = std::fabs(value - median);
  // The share of a normal distribution within this many standard deviations is a quarter, a half.
  constexpr double kQuarter = 0.3186;
  constexpr double kHalf = 0.6745;
  return {static_cast<double>(median), much ? static_cast<double>(quantile(sample, 0.25)) / kQuarter
                                            : static_cast<double>(quantile(sample, 0.5)) / kHalf};
}

cv::Mat smoothed(const cv::Mat& darkness, double noise) {
  if (noise < kNoiseWorthSmoothing) return darkness;
  cv::Mat smooth;
  cv::GaussianBlur(darkness, smooth, {}, kSmoothing);
  return smooth;
}

// Sets the darkness and the noise.
Ink ink_on(const cv::Mat& grey, const cv::Mat& paper, const cv::Mat& where) {
  Ink ink;
  // What is much darker than the paper of the picture is not paper: its grain is not ink.
  std::vector<float> bright = sample_of(paper);
  const double darkest =
      std::max(kDarkestPaper, kShadow * static_cast<double>(quantile(bright, kBrightPaper)));
  cv::divide(paper - grey, cv::max(paper, darkest), ink.darkness);
  // Most pixels are paper. Their median is not 0, because a closing prefers bright noise.
  const double offset = std::clamp(paper_spread(ink.darkness, where).median, -0.1, 0.15);
  ink.darkness = (ink.darkness - offset) / (1 - offset);
  const double raw = paper_spread(ink.darkness, where).deviation;
  ink.noise = paper_spread(smoothed(ink.darkness, raw), where).deviation;
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
  Image one = grey_of_most_contrast(picture);
  const cv::Mat bytes(static_cast<int>(one.height), static_cast<int>(one.width), CV_8U,
                      one.pixels.data());
  WorkingGrey working;
  const int longer = std::max(bytes.rows, bytes.cols);
  cv::Mat resized = bytes;
  if (longer < kMinWorkingSide) {
    const int factor = (kMinWorkingSide + longer - 1) / longer;
    working.scale = factor;
    cv::resize(bytes, resized, {}, factor, factor,
               factor < kLeastBlock ? cv::INTER_NEAREST : cv::INTER_CUBIC);
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
// shows which side that is, unless ink covers much of the picture. Then most of the border is
// paper, unless the border is the table under a sheet.
Polarity find_polarity(const cv::Mat& grey) {
  const cv::Mat small = shrunk_to(grey, kPolaritySide);
  const int window = odd(std::max(small.rows, small.cols) / 3.0);
  cv::Mat mean;
  cv::boxFilter(small, mean, CV_32F, {window, window}, {-1, -1}, true, cv::BORDER_REFLECT);
  const cv::Mat difference = small - mean;
  const cv::Mat square = difference.mul(difference);
  const double variance = cv::mean(square)[0];
  if (variance < kLeastVariance) return {};
  const double skewness = cv::mean(square.mul(difference))[0] / std::pow(variance, 1.5);
  const bool light = skewness > 0;
  if (std::fabs(skewness) >= kSureSkewness) return {.light = light};
  std::vector<float> border;
  for (const cv::Mat& side : {small.row(0), small.row(small.rows - 1)})
    border.insert(border.end(), side.begin<float>(), side.end<float>());
  for (int y = 0; y < small.rows; ++y)
    for (const int x : {0, small.cols - 1}) border.push_back(small.at<float>(y, x));
  std::vector<float> all = sample_of(small);
  const float low = quantile(all, 0.02);
  const float high = quantile(all, 0.98);
  const bool dark_border = quantile(border, 0.5) < (low + high) / 2;
  return {.light = dark_border,
          .sure = !dark_border && !light,
          .likely = dark_border == light,
          .crowded = true};
}

double wide_paper_window(const cv::Mat& grey) {
  // A picture much higher than wide may be a 1 cut out to its ink.
  return kWidePaperWindow * std::min(grey.rows, (grey.rows > 2 * grey.cols ? 3 : 1) * grey.cols);
}

Ink find_ink(const cv::Mat& grey, bool light, double paper_window, bool ink_at_border,
             const cv::Mat& where) {
  const cv::Mat dark_on_light = light ? cv::Mat(255.0 - grey) : grey;
  Ink ink = ink_on(dark_on_light, find_paper(dark_on_light, paper_window, ink_at_border), where);
  ink.light = light;
  return ink;
}

namespace {

struct StrokeWidth {
  double width = 0;
  double length = 0;
  bool at_border = false;
};

// The median width, weighted by length; 0 if there are none.
double median_width(std::vector<StrokeWidth> strokes) {
  std::ranges::sort(strokes, {}, &StrokeWidth::width);
  double total = 0;
  for (const StrokeWidth& stroke : strokes) total += stroke.length;
  double below = 0;
  for (const StrokeWidth& stroke : strokes)
    if ((below += stroke.length) >= total / 2) return stroke.width;
  return 0;
}

std::vector<StrokeWidth> measure_widths(const cv::Mat& mask) {
  cv::Mat labels;
  cv::Mat stats;
  cv::Mat centers;
  cv::Mat distance;
  const int count = cv::connectedComponentsWithStats(mask, labels, stats, centers, 8, CV_32S);
  cv::distanceTransform(mask, distance, cv::DIST_L2, 3);
  std::vector<double> sums(static_cast<std::size_t>(count));
  for (int y = 0; y < mask.rows; ++y) {
    const auto* label = labels.ptr<int>(y);
    const auto* d = distance.ptr<float>(y);
    for (int x = 0; x < mask.cols; ++x)
      if (label[x] != 0) sums[static_cast<std::size_t>(label[x])] += static_cast<double>(d[x]);
  }
  std::vector<StrokeWidth> strokes;
  for (int i = 1; i < count; ++i) {
    const double area = stats.at<int>(i, cv::CC_STAT_AREA);
    // A line around the writing, or beside it.
    const double box = static_cast<double>(stats.at<int>(i, cv::CC_STAT_WIDTH)) *
                       stats.at<int>(i, cv::CC_STAT_HEIGHT);
    if (count > 2 && area < kLeastFill * box) continue;
    // In a bar of width w the mean distance to the edge is w/4 + 1/2.
    const double width = std::max(1.0, 4 * sums[static_cast<std::size_t>(i)] / area - 2);
    const int left = stats.at<int>(i, cv::CC_STAT_LEFT);
    const int top = stats.at<int>(i, cv::CC_STAT_TOP);
    strokes.push_back({width, area / width,
                       left <= 1 || top <= 1 ||
                           left + stats.at<int>(i, cv::CC_STAT_WIDTH) >= mask.cols - 1 ||
                           top + stats.at<int>(i, cv::CC_STAT_HEIGHT) >= mask.rows - 1});
  }
  return strokes;
}

}  // namespace

StrokeWidths find_stroke_widths(const Ink& ink) {
  // A border of paper, so that every stroke has an edge.
  cv::Mat mask;
  cv::copyMakeBorder(first_mask(ink), mask, 1, 1, 1, 1, cv::BORDER_CONSTANT, 0);
  std::vector<StrokeWidth> strokes = measure_widths(mask);
  // A table or a thumb reaches the border and is much thicker than the strokes that do not.
  std::vector<StrokeWidth> within;
  for (const StrokeWidth& stroke : strokes)
    if (!stroke.at_border && stroke.length >= kShortestStroke * stroke.width &&
        stroke.length >= kShortestShare * std::max(mask.rows, mask.cols))
      within.push_back(stroke);
  if (const double usual = median_width(std::move(within)); usual > 0)
    std::erase_if(strokes, [&](const StrokeWidth& stroke) {
      return stroke.at_border && stroke.width > kThickStroke * usual;
    });
  StrokeWidths widths;
  for (const StrokeWidth& stroke : strokes)
    if (stroke.length >= kShortestStroke * stroke.width)
      widths.widest = std::max(widths.widest, stroke.width);
  widths.usual = median_width(std::move(strokes));
  return widths;
}

cv::Mat weak_mask(const Ink& ink) {
  return smoothed(ink.darkness, ink.noise) > std::max(kWeakDarkness, kWeakNoises * ink.noise);
}

cv::Mat faintest_mask(const Ink& ink) {
  return smoothed(ink.darkness, ink.noise) > std::max(kWeakDarkness / 2, kWeakNoises * ink.noise);
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
