#include "digitry/vision/reading.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <opencv2/imgproc.hpp>

#include "digitry/base/quantile.h"
#include "digitry/vision/pattern.h"

namespace digitry {
namespace {

constexpr double kLevel = 0.6;     // of the larger height: largest distance of the middles
constexpr double kWordGap = 0.75;  // of the line's height

double middle_x(const PixelBox& box) {
  return static_cast<double>(box.left) + static_cast<double>(box.width) / 2;
}
double middle_y(const PixelBox& box) {
  return static_cast<double>(box.top) + static_cast<double>(box.height) / 2;
}

struct TextLine {
  std::vector<std::size_t> boxes;
  double middle_sum = 0;
  double middle() const { return middle_sum / static_cast<double>(boxes.size()); }
};

double median_height(std::span<const PixelBox> boxes, const std::vector<std::size_t>& of) {
  std::vector<std::int64_t> heights;
  for (const std::size_t i : of) heights.push_back(boxes[i].height);
  return static_cast<double>(median(heights));
}

// The line that the box continues; null if there is none.
TextLine* line_of(const PixelBox& box, std::span<const PixelBox> boxes,
                  std::vector<TextLine>& lines) {
  TextLine* best = nullptr;
  double nearest = 0;
  for (TextLine& line : lines) {
    const PixelBox& last = boxes[line.boxes.back()];
    const double off = std::fabs(middle_y(box) - middle_y(last));
    if (off > kLevel * static_cast<double>(std::max(box.height, last.height))) continue;
    if (best != nullptr && off >= nearest) continue;
    best = &line;
    nearest = off;
  }
  return best;
}

constexpr int kSmallestText = 10;  // pixels

// RGB, as the picture is.
const cv::Scalar& frame_color(bool rejected) {
  static const cv::Scalar green(0, 140, 0);
  static const cv::Scalar red(210, 0, 0);
  return rejected ? red : green;
}

// RGB without transparency.
Image in_color(const Image& picture) {
  if (picture.channels == 3) return picture;
  const Image grey = to_grey(picture);
  Image color{grey.height, grey.width, 3, {}};
  color.pixels.reserve(grey.pixels.size() * 3);
  for (const std::uint8_t value : grey.pixels) color.pixels.insert(color.pixels.end(), 3, value);
  return color;
}

std::string caption_of(const ReadDigit& digit, const std::vector<std::string>& class_names) {
  if (digit.prediction.rejected) return "?";
  return fmt::format("{} {:.0f}%", class_names[digit.label()], 100 * digit.probability());
}

}  // namespace

std::size_t ReadDigit::label() const {
  const auto& probabilities = prediction.probabilities;
  return static_cast<std::size_t>(std::ranges::max_element(probabilities) - probabilities.begin());
}

double ReadDigit::probability() const {
  return static_cast<double>(prediction.probabilities[label()]);
}

std::string_view to_string(LeftOutReason reason) {
  switch (reason) {
    case LeftOutReason::kSmall:
      return "small";
    case LeftOutReason::kDot:
      return "dot";
    case LeftOutReason::kFaint:
      return "faint";
    case LeftOutReason::kLine:
      return "line";
    case LeftOutReason::kEdge:
      return "edge";
    case LeftOutReason::kFrame:
      return "frame";
    case LeftOutReason::kOutside:
      return "outside";
    case LeftOutReason::kOutlier:
      return "outlier";
  }
  return "";
}

std::string to_text(const Reading& reading, const std::vector<std::string>& class_names) {
  const auto name_of = [&](const ReadDigit& digit) {
    return digit.prediction.rejected ? "?" : class_names[digit.label()];
  };
  if (reading.pattern.find_first_not_of('d') != std::string::npos) {
    std::vector<std::string> names;
    for (const ReadDigit& digit : reading.digits) names.push_back(name_of(digit));
    return fill_pattern(reading.pattern, names);
  }
  std::string text;
  std::int64_t line = 0;
  for (const ReadDigit& digit : reading.digits) {
    for (; line < digit.line; ++line) text += '\n';
    if (digit.space_before) text += ' ';
    text += name_of(digit);
  }
  return text;
}

Image annotate(const Image& picture, const Reading& reading,
               const std::vector<std::string>& class_names) {
  check_image(picture);
  Image drawn = in_color(picture);
  cv::Mat canvas(static_cast<int>(drawn.height), static_cast<int>(drawn.width), CV_8UC3,
                 drawn.pixels.data());
  for (const ReadDigit& digit : reading.digits) {
    const cv::Rect box(static_cast<int>(digit.box.left), static_cast<int>(digit.box.top),
                       static_cast<int>(digit.box.width), static_cast<int>(digit.box.height));
    const cv::Scalar& color = frame_color(digit.prediction.rejected);
    const int thickness = std::max(1, box.height / 40);
    cv::rectangle(canvas, box, color, thickness);
    const std::string caption = caption_of(digit, class_names);
    const double text_height = std::clamp(box.height / 4, kSmallestText, 60);
    const double scale = cv::getFontScaleFromHeight(cv::FONT_HERSHEY_SIMPLEX,
                                                    static_cast<int>(text_height), thickness);
    const int base = std::max(box.y - 2 * thickness, static_cast<int>(text_height));
    cv::putText(canvas, caption, {box.x, base}, cv::FONT_HERSHEY_SIMPLEX, scale, color, thickness,
                cv::LINE_AA);
  }
  return drawn;
}

std::vector<PlacedBox> reading_order(std::span<const PixelBox> boxes) {
  std::vector<std::size_t> order(boxes.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return middle_x(boxes[i]); });
  std::vector<TextLine> lines;
  for (const std::size_t i : order) {
    TextLine* line = line_of(boxes[i], boxes, lines);
    if (line == nullptr) line = &lines.emplace_back();
    line->boxes.push_back(i);
    line->middle_sum += middle_y(boxes[i]);
  }
  std::ranges::stable_sort(lines, {}, &TextLine::middle);
  std::vector<PlacedBox> placed;
  for (std::size_t n = 0; n < lines.size(); ++n) {
    const double word_gap = kWordGap * median_height(boxes, lines[n].boxes);
    std::int64_t reached = 0;
    for (const std::size_t i : lines[n].boxes) {
      const bool first = i == lines[n].boxes.front();
      placed.push_back({i, static_cast<std::int64_t>(n),
                        !first && static_cast<double>(boxes[i].left - reached) > word_gap});
      reached = std::max(first ? 0 : reached, boxes[i].left + boxes[i].width);
    }
  }
  return placed;
}

}  // namespace digitry
