#include "tests/cases/faint_strokes.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <string>
#include <vector>

#include "tests/cases/drawing.h"

namespace digitry::test {
namespace {

constexpr int kLineScale = 3;       // Pixels of the middle line per pixel of an image.
constexpr int kFine = 3;            // Pixels of the fine drawing per pixel of the picture.
constexpr double kFaintPitch = 34;  // Between digits, in pixels of an image.
constexpr int kDigitsPerRow = 4;
constexpr int kRows = 2;

double faint_between(RandomStream& random, double low, double high) {
  return low + (high - low) * static_cast<double>(random.next_float());
}

// The eight neighbours of a pixel from above, clockwise: 1 for ink.
std::array<int, 8> neighbours_of(const cv::Mat& ink, const cv::Point& of) {
  const auto at = [&](int dx, int dy) { return int{ink.at<std::uint8_t>(of.y + dy, of.x + dx)}; };
  return {at(0, -1), at(1, -1), at(1, 0), at(1, 1), at(0, 1), at(-1, 1), at(-1, 0), at(-1, -1)};
}

// Thins ink (0 or 1), which does not reach the border, to lines of one pixel: Zhang and Suen, "A
// fast parallel algorithm for thinning digital patterns", 1984.
void thin(cv::Mat& ink) {
  for (bool changed = true; changed;) {
    changed = false;
    for (const int pass : {0, 1}) {
      std::vector<cv::Point> erased;
      std::vector<cv::Point> inked;
      cv::findNonZero(ink, inked);
      for (const cv::Point& at : inked) {
        const std::array<int, 8> p = neighbours_of(ink, at);
        int count = 0;
        int rises = 0;
        for (std::size_t i = 0; i < 8; ++i) {
          count += p[i];
          rises += p[i] == 0 && p[(i + 1) % 8] == 1 ? 1 : 0;
        }
        const bool side = pass == 0 ? p[0] * p[2] * p[4] == 0 && p[2] * p[4] * p[6] == 0
                                    : p[0] * p[2] * p[6] == 0 && p[0] * p[4] * p[6] == 0;
        if (count >= 2 && count <= 6 && rises == 1 && side) erased.push_back(at);
      }
      for (const cv::Point& at : erased) ink.at<std::uint8_t>(at) = 0;
      changed = changed || !erased.empty();
    }
  }
}

// Loops of the line: parts of the paper that it encloses.
int num_loops(const cv::Mat& line) {
  cv::Mat labels;
  return cv::connectedComponents(line == 0, labels, 4, CV_32S) - 2;
}

// Whether a digit of this label may have so many loops. Some are so small that they are filled in.
bool may_have_loops(int label, int loops) {
  if (label == 8) return loops == 2;
  if (label == 0 || label == 6 || label == 9) return loops == 1;
  return label == 2 || label == 4 ? loops <= 1 : loops == 0;
}

// The points of the middle line of an image, in its pixels; none if it is no line of that digit.
std::vector<cv::Point2d> middle_line(const Tensor& images, std::int64_t index, int label) {
  const auto* pixels = images.as<std::uint8_t>().data() + index * kImageSide * kImageSide;
  const cv::Mat image(kImageSide, kImageSide, CV_8U, const_cast<std::uint8_t*>(pixels));
  cv::Mat ink;
  cv::resize(image, ink, {}, kLineScale, kLineScale, cv::INTER_CUBIC);
  cv::GaussianBlur(ink, ink, {}, kLineScale / 2.0);
  ink = (ink > 100) / 255;
  cv::rectangle(ink, {0, 0}, {ink.cols - 1, ink.rows - 1}, 0);
  thin(ink);
  std::vector<cv::Point2d> points;
  if (!may_have_loops(label, num_loops(ink))) return points;
  for (int y = 0; y < ink.rows; ++y)
    for (int x = 0; x < ink.cols; ++x)
      if (ink.at<std::uint8_t>(y, x) != 0)
        points.emplace_back((x + 0.5) / kLineScale, (y + 0.5) / kLineScale);
  return points;
}

// A point in the middle rows beside which the digit has no other ink, if there is one.
cv::Point2d neck_of(const std::vector<cv::Point2d>& points, RandomStream& random) {
  const auto [top, bottom] = std::ranges::minmax(points, {}, &cv::Point2d::y);
  std::vector<cv::Point2d> necks;
  for (const cv::Point2d& point : points) {
    const double place = (point.y - top.y) / std::max(1.0, bottom.y - top.y);
    const bool alone = std::ranges::none_of(points, [&](const cv::Point2d& other) {
      return std::fabs(other.y - point.y) < 0.5 && std::fabs(other.x - point.x) > 3;
    });
    if (place > 0.3 && place < 0.7 && alone) necks.push_back(point);
  }
  const std::vector<cv::Point2d>& from = necks.empty() ? points : necks;
  return from[random.next_below(static_cast<std::uint32_t>(from.size()))];
}

}  // namespace

FaintStrokeOptions random_faint_strokes(RandomStream& random) {
  FaintStrokeOptions options;
  options.scale = faint_between(random, 3, 5);
  options.width = faint_between(random, 0.8, 1.5);
  options.faintest = faint_between(random, 0.12, 0.3);
  options.faint_length = faint_between(random, 6, 12);
  return options;
}

Scene draw_faint_strokes(const Tensor& images, std::span<const std::int32_t> labels,
                         const FaintStrokeOptions& options, RandomStream& random) {
  const double scale = options.scale;
  const auto side = [&](double pitches) { return cvRound((pitches + 0.5) * kFaintPitch * scale); };
  const cv::Size size(side(kDigitsPerRow), side(kRows));
  cv::Mat ink = cv::Mat::zeros(size * kFine, CV_32F);
  Scene scene;
  for (int row = 0; row < kRows; ++row) {
    if (row > 0) scene.text += '\n';
    const double share = row == 0 ? 0.6 : 1;  // Rows of different heights.
    for (std::uint32_t i = 0; i < kDigitsPerRow; ++i) {
      std::vector<cv::Point2d> points;
      int label = 0;
      while (points.empty()) {
        const std::int64_t index = random.next_below(static_cast<std::uint32_t>(images.shape()[0]));
        label = labels[static_cast<std::size_t>(index)];
        points = middle_line(images, index, label);
      }
      scene.text += std::to_string(label);
      const cv::Point2d neck = neck_of(points, random);
      const cv::Point2d corner((i + 0.35) * kFaintPitch, (row + 0.35) * kFaintPitch);
      for (const cv::Point2d& point : points) {
        const double away = std::hypot(point.x - neck.x, point.y - neck.y);
        const double rise = std::min(1.0, away / (options.faint_length / 2));
        const double dark = options.faintest + (1 - options.faintest) * rise * rise;
        const auto place = [&](const cv::Point2d& of) {
          const cv::Point2d at = (of * share + corner) * scale * kFine;
          return cv::Point(cvRound(at.x), cvRound(at.y));
        };
        for (const cv::Point2d& next : points)
          if (cv::norm(next - point) < 1.5 / kLineScale)
            cv::line(ink, place(point), place(next), dark, cvRound(options.width * kFine));
      }
    }
  }
  cv::resize(ink, ink, size, 0, 0, cv::INTER_AREA);
  const double paper = faint_between(random, 225, 255);
  const double pen = faint_between(random, 20, 80);
  const double noise = faint_between(random, 0, 1.5);
  scene.picture = {size.height, size.width, 1, {}};
  for (const float covered : cv::Mat_<float>(ink)) {
    const double grey = paper + (pen - paper) * static_cast<double>(covered) +
                        noise * static_cast<double>(random.next_normal());
    scene.picture.pixels.push_back(cv::saturate_cast<std::uint8_t>(grey));
  }
  return scene;
}

}  // namespace digitry::test
