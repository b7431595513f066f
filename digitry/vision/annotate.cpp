#include "digitry/vision/annotate.h"

#include <fmt/format.h>

#include <algorithm>
#include <opencv2/imgproc.hpp>

namespace digitry {
namespace {

constexpr int kSmallestText = 10;  // pixels

// Colours are RGB here.
const cv::Scalar& frame_color(bool known) {
  static const cv::Scalar green(0, 140, 0);
  static const cv::Scalar red(210, 0, 0);
  return known ? green : red;
}

// The picture itself, drawn upon where it is opaque colour already.
Image in_color(const Image& picture) {
  if (picture.channels == 3) return picture;
  const Image grey = to_grey(picture);
  Image color{grey.height, grey.width, 3, {}};
  color.pixels.reserve(grey.pixels.size() * 3);
  for (const std::uint8_t value : grey.pixels) color.pixels.insert(color.pixels.end(), 3, value);
  return color;
}

std::string caption_of(const ReadDigit& digit, const std::vector<std::string>& class_names) {
  if (!digit.verdict.known) return "?";
  const std::size_t label = digit.label();
  return fmt::format("{} {:.0f}%", class_names[label],
                     100 * static_cast<double>(digit.verdict.probabilities[label]));
}

}  // namespace

Image annotate(const Image& picture, const Reading& reading,
               const std::vector<std::string>& class_names) {
  check_image(picture);
  Image drawn = in_color(picture);
  cv::Mat canvas(static_cast<int>(drawn.height), static_cast<int>(drawn.width), CV_8UC3,
                 drawn.pixels.data());
  for (const ReadDigit& digit : reading.digits) {
    const cv::Rect box(static_cast<int>(digit.box.left), static_cast<int>(digit.box.top),
                       static_cast<int>(digit.box.width), static_cast<int>(digit.box.height));
    const cv::Scalar& color = frame_color(digit.verdict.known);
    const int thickness = std::max(1, box.height / 40);
    cv::rectangle(canvas, box, color, thickness);
    const std::string caption = caption_of(digit, class_names);
    // As wide as the box, within reason.
    const double text_height = std::clamp(box.height / 4, kSmallestText, 60);
    const double scale = cv::getFontScaleFromHeight(cv::FONT_HERSHEY_SIMPLEX,
                                                    static_cast<int>(text_height), thickness);
    const int base = std::max(box.y - 2 * thickness, static_cast<int>(text_height));
    cv::putText(canvas, caption, {box.x, base}, cv::FONT_HERSHEY_SIMPLEX, scale, color, thickness,
                cv::LINE_AA);
  }
  return drawn;
}

}  // namespace digitry
