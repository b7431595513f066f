#include "tests/cases/drawn_pages.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

namespace digitry::test {
namespace {

constexpr int kSide = 28;
constexpr std::uint8_t kTouchingInk = 96;  // Ink of neighbours that must not touch.
constexpr double kMargin = 24;
constexpr double kLinePitch = 34;

double between(RandomStream& random, double low, double high) {
  return low + (high - low) * static_cast<double>(random.next_float());
}

cv::Mat image_at(const Tensor& images, std::int64_t index) {
  const auto* pixels = images.as<std::uint8_t>().data() + index * kSide * kSide;
  return cv::Mat(kSide, kSide, CV_8U, const_cast<std::uint8_t*>(pixels)).clone();
}

// Draws ink (0 to 1) on coloured paper, each channel independently, under light (a factor), with
// noise.
Image render(const cv::Mat& ink, const cv::Scalar& paper, const cv::Scalar& pen,
             const cv::Mat& light, double noise, RandomStream& random) {
  Image picture{ink.rows, ink.cols, 3, {}};
  picture.pixels.reserve(ink.total() * 3);
  for (int y = 0; y < ink.rows; ++y)
    for (int x = 0; x < ink.cols; ++x) {
      const auto covered = static_cast<double>(ink.at<float>(y, x));
      const double factor = light.empty() ? 1 : static_cast<double>(light.at<float>(y, x));
      // The noise of paper and sensor is similar in all colours.
      const double grain = noise * static_cast<double>(random.next_normal());
      for (int c = 0; c < 3; ++c) {
        const double value = factor * (paper[c] * (1 - covered) + pen[c] * covered) + grain;
        picture.pixels.push_back(
            static_cast<std::uint8_t>(std::clamp(std::lround(value), 0L, 255L)));
      }
    }
  return picture;
}

cv::Mat enlarged(const cv::Mat& image, double scale) {
  cv::Mat large;
  image.convertTo(large, CV_32F, 1.0 / 255);
  const int side = cvRound(kSide * scale);
  cv::resize(large, large, {side, side}, 0, 0, cv::INTER_CUBIC);
  return cv::min(cv::max(large, 0.0), 1.0);
}

cv::Rect ink_box(const cv::Mat& image) { return cv::boundingRect(cv::Mat(image > 0)); }

// Whether the ink of the right image, placed `shift` columns to the right of and `drop` rows below
// the left one, touches or overlaps the ink of the left one.
bool touch(const cv::Mat& left, const cv::Mat& right, int shift, int drop) {
  cv::Mat reach;
  cv::dilate(left > kTouchingInk, reach, cv::getStructuringElement(cv::MORPH_RECT, {3, 3}));
  for (int y = 0; y < kSide; ++y)
    for (int x = 0; x < kSide; ++x) {
      if (right.at<std::uint8_t>(y, x) <= kTouchingInk) continue;
      const int row = y + drop;
      const int column = x + shift;
      if (row >= 0 && row < kSide && column >= 0 && column < kSide &&
          reach.at<std::uint8_t>(row, column) != 0)
        return true;
    }
  return false;
}

// The distance of the right image from the left one. If they must touch, one pixel closer than
// where their ink first meets.
int shift_between(const cv::Mat& left, const cv::Mat& right, int drop, bool touching,
                  RandomStream& random) {
  const cv::Rect left_box = ink_box(left);
  const cv::Rect right_box = ink_box(right);
  int shift = left_box.x + left_box.width - right_box.x + static_cast<int>(random.next_below(3));
  if (!touching) {
    while (touch(left, right, shift, drop)) ++shift;
    return shift;
  }
  while (shift > 4 && !touch(left, right, shift, drop)) --shift;
  return shift - 1;
}

void lay(const cv::Mat& image, int x, int y, cv::Mat& page) {
  const cv::Rect place(x, y, kSide, kSide);
  cv::Mat under = page(place);
  cv::max(under, image, under);
}

cv::Mat ruled_lines(const cv::Size& size, double scale, RandomStream& random) {
  cv::Mat lines = cv::Mat::zeros(size, CV_32F);
  const double pitch = kLinePitch * scale * (random.next_below(2) == 0 ? 1 : 0.5);
  const int thickness = 1 + static_cast<int>(random.next_below(2));
  const double strength = between(random, 0.15, 0.35);
  for (double y = between(random, 0, pitch); y < size.height; y += pitch)
    cv::line(lines, {0, cvRound(y)}, {size.width, cvRound(y)}, strength, thickness);
  return lines;
}

// Light from one side, and a shadow with a soft edge.
cv::Mat uneven_light(const cv::Size& size, double shade, RandomStream& random) {
  cv::Mat light(size, CV_32F);
  const double direction = between(random, 0, 2 * CV_PI);
  const double edge = between(random, -0.5, 0.5);
  const double softness = between(random, 0.03, 0.2);
  const double shadow = between(random, 0, shade);
  const double fall = between(random, 0, shade);
  const double across = std::cos(direction);
  const double down = std::sin(direction);
  for (int y = 0; y < size.height; ++y)
    for (int x = 0; x < size.width; ++x) {
      const double u = static_cast<double>(x) / size.width - 0.5;
      const double v = static_cast<double>(y) / size.height - 0.5;
      const double along = u * across + v * down;
      const double aside = v * across - u * down;
      light.at<float>(y, x) =
          static_cast<float>((1 - fall * (along + 0.7) / 1.4) *
                             (1 - shadow / (1 + std::exp(-(aside - edge) / softness))));
    }
  return light;
}

struct Placement {
  int x;
  int y;
};

// Line after line, as evenly as possible.
std::vector<std::int64_t> lines_of(std::int64_t num_digits, std::int64_t num_lines) {
  std::vector<std::int64_t> lines;
  for (std::int64_t i = 0; i < num_digits; ++i) lines.push_back(i * num_lines / num_digits);
  return lines;
}

}  // namespace

Image draw_canvas(const Tensor& images, std::int64_t image_index, const CanvasOptions& options,
                  RandomStream& random) {
  const cv::Mat digit = enlarged(image_at(images, image_index), options.scale);
  const int width = cvRound(digit.cols * between(random, 1.2, 2.5));
  const int height = cvRound(digit.rows * between(random, 1.2, 2.5));
  cv::Mat ink = cv::Mat::zeros(height, width, CV_32F);
  const auto x =
      static_cast<int>(random.next_below(static_cast<std::uint32_t>(width - digit.cols)));
  const auto y =
      static_cast<int>(random.next_below(static_cast<std::uint32_t>(height - digit.rows)));
  digit.copyTo(ink(cv::Rect({x, y}, digit.size())));
  const cv::Scalar paper(between(random, 215, 245), between(random, 205, 235),
                         between(random, 185, 225));
  const cv::Scalar pen(between(random, 10, 70), between(random, 10, 70), between(random, 20, 100));
  return options.light ? render(ink, pen, paper, {}, options.noise, random)
                       : render(ink, paper, pen, {}, options.noise, random);
}

DrawnPage draw_page(const Tensor& images, const PageOptions& options, RandomStream& random) {
  const std::vector<std::int64_t> lines = lines_of(options.num_digits, options.num_lines);
  DrawnPage page;
  std::vector<Placement> places;
  cv::Mat before;
  double right = 0;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    DrawnDigit digit{
        .image_index = random.next_below(static_cast<std::uint32_t>(images.shape()[0])),
        .line = lines[i]};
    const cv::Mat image = image_at(images, digit.image_index);
    const int jitter = static_cast<int>(random.next_below(3)) - 1;
    Placement place{
        static_cast<int>(kMargin),
        static_cast<int>(kMargin + kLinePitch * static_cast<double>(lines[i])) + jitter};
    if (i > 0 && lines[i] == lines[i - 1]) {
      const bool touching = static_cast<double>(random.next_float()) < options.touching_share;
      const int drop = place.y - places.back().y;
      place.x = places.back().x + shift_between(before, image, drop, touching, random);
      page.digits.back().touches_next = touching;
    }
    right = std::max(right, static_cast<double>(place.x));
    places.push_back(place);
    page.digits.push_back(digit);
    before = image;
  }
  cv::Mat plain = cv::Mat::zeros(
      cvRound(2 * kMargin + kLinePitch * static_cast<double>(options.num_lines - 1)) + kSide + 2,
      cvRound(right + kMargin) + kSide, CV_8U);
  for (std::size_t i = 0; i < places.size(); ++i)
    lay(image_at(images, page.digits[i].image_index), places[i].x, places[i].y, plain);

  cv::Mat ink;
  plain.convertTo(ink, CV_32F, 1.0 / 255);
  cv::resize(ink, ink, {}, options.scale, options.scale, cv::INTER_CUBIC);
  ink = cv::min(cv::max(ink, 0.0), 1.0);
  // Room for the corners of the rotated page; lines continue in it.
  const int room = cvRound(std::fabs(std::sin(options.skew_degrees * CV_PI / 180)) *
                           std::max(ink.cols, ink.rows));
  cv::copyMakeBorder(ink, ink, room, room, room / 2, room / 2, cv::BORDER_CONSTANT, 0);
  cv::Mat large;
  cv::copyMakeBorder(ink, large, room, room, room, room, cv::BORDER_CONSTANT, 0);
  if (options.ruled) large = cv::max(large, ruled_lines(large.size(), options.scale, random));
  // Negative: falls to the right.
  const cv::Mat turn = cv::getRotationMatrix2D(
      {static_cast<float>(large.cols) / 2, static_cast<float>(large.rows) / 2},
      -options.skew_degrees, 1);
  cv::warpAffine(large, large, turn, large.size(), cv::INTER_LINEAR, cv::BORDER_REPLICATE);
  ink = large(cv::Rect({room, room}, ink.size())).clone();
  for (std::size_t i = 0; i < places.size(); ++i) {
    const double x = (places[i].x + kSide / 2.0) * options.scale + room * 1.5;
    const double y = (places[i].y + kSide / 2.0) * options.scale + room * 2;
    page.digits[i].x =
        turn.at<double>(0, 0) * x + turn.at<double>(0, 1) * y + turn.at<double>(0, 2) - room;
    page.digits[i].y =
        turn.at<double>(1, 0) * x + turn.at<double>(1, 1) * y + turn.at<double>(1, 2) - room;
  }
  const cv::Scalar paper(between(random, 215, 245), between(random, 205, 235),
                         between(random, 185, 225));
  const cv::Scalar pen(between(random, 10, 60), between(random, 10, 60), between(random, 20, 110));
  const cv::Mat light =
      options.shade > 0 ? uneven_light(ink.size(), options.shade, random) : cv::Mat();
  page.picture = render(ink, paper, pen, light, options.noise, random);
  return page;
}

std::string text_of(const DrawnPage& page, const std::vector<std::int32_t>& labels) {
  std::string text;
  std::int64_t line = 0;
  for (const DrawnDigit& digit : page.digits) {
    if (digit.line != line) text += '\n';
    line = digit.line;
    text += std::to_string(labels[static_cast<std::size_t>(digit.image_index)]);
  }
  return text;
}

}  // namespace digitry::test
