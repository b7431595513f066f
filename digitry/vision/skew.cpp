#include <algorithm>
#include <cmath>
#include <numbers>
#include <opencv2/imgproc.hpp>
#include <vector>

#include "digitry/vision/page.h"

namespace digitry {
namespace {

constexpr double kMaxSkew = 15;  // degrees
constexpr double kRulingSide = 800;
constexpr double kRulingPeak = 0.3;  // of the page's width in one row
constexpr double kCoarseStep = 0.25;
constexpr double kFineStep = 0.05;
constexpr double kBoxStep = 0.25;
constexpr double kAlignment = 0.12;  // of a digit's height
constexpr double kReach = 8;         // digits' heights
constexpr double kSkewPrior = 40;    // degrees; only to decide between equals

double radians(double degrees) { return degrees * std::numbers::pi / 180; }

struct RowProfile {
  double energy = 0;  // Sum of squares.
  double peak = 0;
};

// How the points fall on the rows of a page turned by the angle.
RowProfile row_profile(const std::vector<cv::Point>& points, double degrees, cv::Size size,
                       std::vector<int>& rows) {
  const double cosine = std::cos(radians(degrees));
  const double sine = std::sin(radians(degrees));
  const int offset = size.width;  // Rows may be above the first.
  rows.assign(2 * static_cast<std::size_t>(size.width) + static_cast<std::size_t>(size.height) + 2,
              0);
  for (const cv::Point& point : points)
    ++rows[static_cast<std::size_t>(std::lround(point.y * cosine - point.x * sine) + offset)];
  RowProfile profile;
  for (const int count : rows) {
    profile.energy += static_cast<double>(count) * count;
    profile.peak = std::max(profile.peak, static_cast<double>(count));
  }
  return profile;
}

double pairs_in_line(const std::vector<cv::Point2d>& centers, double degrees, double height) {
  const double slope = std::tan(radians(degrees));
  double sum = 0;
  for (std::size_t i = 0; i < centers.size(); ++i)
    for (std::size_t j = i + 1; j < centers.size(); ++j) {
      const cv::Point2d step = centers[j] - centers[i];
      if (std::fabs(step.x) > kReach * height || std::fabs(step.x) < height / 3) continue;
      const double off = (step.y - slope * step.x) / (kAlignment * height);
      sum += std::exp(-off * off / 2);
    }
  return sum * std::exp(-degrees * degrees / (2 * kSkewPrior * kSkewPrior));
}

}  // namespace

Page make_page(const Ink& ink, double skew_degrees) {
  Page page{.ink = ink,
            .inside = cv::Mat(ink.darkness.size(), CV_8U, cv::Scalar(255)),
            .to_working = cv::Matx23d(1, 0, 0, 0, 1, 0),
            .skew_degrees = skew_degrees};
  page.ink.darkness = ink.darkness.clone();
  if (skew_degrees == 0) return page;
  const cv::Size from = ink.darkness.size();
  cv::Mat turn = cv::getRotationMatrix2D(
      {static_cast<float>(from.width) / 2, static_cast<float>(from.height) / 2}, skew_degrees, 1);
  const double cosine = std::fabs(turn.at<double>(0, 0));
  const double sine = std::fabs(turn.at<double>(0, 1));
  const cv::Size to(cvCeil(from.width * cosine + from.height * sine),
                    cvCeil(from.width * sine + from.height * cosine));
  turn.at<double>(0, 2) += (to.width - from.width) / 2.0;
  turn.at<double>(1, 2) += (to.height - from.height) / 2.0;
  cv::warpAffine(ink.darkness, page.ink.darkness, turn, to, cv::INTER_LINEAR, cv::BORDER_CONSTANT,
                 0);
  cv::warpAffine(cv::Mat(page.inside), page.inside, turn, to, cv::INTER_NEAREST,
                 cv::BORDER_CONSTANT, 0);
  cv::Mat back;
  cv::invertAffineTransform(turn, back);
  page.to_working = cv::Matx23d(back.ptr<double>());
  return page;
}

double find_ruling_skew(const Ink& ink) {
  cv::Mat mask = weak_mask(ink);
  const double factor = std::min(1.0, kRulingSide / std::max(mask.rows, mask.cols));
  // A thin line has to stay above the threshold where several pixels become one.
  const cv::Size small(std::max(1, cvRound(mask.cols * factor)),
                       std::max(1, cvRound(mask.rows * factor)));
  cv::resize(mask, mask, small, 0, 0, cv::INTER_AREA);
  std::vector<cv::Point> points;
  cv::findNonZero(mask > 80, points);
  std::vector<int> rows;
  double best = 0;
  double energy = 0;
  const auto try_angle = [&](double degrees) {
    const double found = row_profile(points, degrees, mask.size(), rows).energy;
    if (found > energy) {
      energy = found;
      best = degrees;
    }
  };
  for (double degrees = -kMaxSkew; degrees <= kMaxSkew; degrees += kCoarseStep) try_angle(degrees);
  const double coarse = best;
  for (double off = -kCoarseStep; off <= kCoarseStep; off += kFineStep) try_angle(coarse + off);
  const RowProfile profile = row_profile(points, best, mask.size(), rows);
  return profile.peak >= kRulingPeak * mask.cols ? best : 0;
}

double find_box_skew(const std::vector<cv::Rect>& boxes, double digit_height) {
  if (boxes.size() < 3 || digit_height <= 0) return 0;
  std::vector<cv::Point2d> centers;
  for (const cv::Rect& box : boxes)
    centers.emplace_back(box.x + box.width / 2.0, box.y + box.height / 2.0);
  double best = 0;
  double most = pairs_in_line(centers, 0, digit_height);
  for (double degrees = -kMaxSkew; degrees <= kMaxSkew; degrees += kBoxStep) {
    const double found = pairs_in_line(centers, degrees, digit_height);
    if (found > most) {
      most = found;
      best = degrees;
    }
  }
  return best;
}

}  // namespace digitry
