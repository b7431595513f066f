#include "digitry/vision/projection.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "digitry/base/quantile.h"

namespace digitry {
namespace {

constexpr double kSmallSide = 256;
constexpr double kMoreContrast = 2;     // times that of the luminance
constexpr double kLeastContrast = 3;    // grey levels
constexpr double kLeastStretched = 60;  // grey levels that become the whole range, at least

cv::Mat bytes_of(const Image& picture) {
  return {static_cast<int>(picture.height), static_cast<int>(picture.width),
          CV_8UC(static_cast<int>(picture.channels)),
          const_cast<std::uint8_t*>(picture.pixels.data())};
}

bool is_opaque(const cv::Mat& bytes) {
  if (bytes.channels() == 3) return true;
  cv::Mat alpha;
  cv::extractChannel(bytes, alpha, 3);
  double least = 0;
  cv::minMaxLoc(alpha, &least);
  return least == 255;
}

// The colours of a small copy, one per row, less their local mean.
cv::Mat local_differences(const cv::Mat& small) {
  const int window = 2 * (std::max(small.rows, small.cols) / 6) + 1;
  cv::Mat mean;
  cv::blur(small, mean, {window, window}, {-1, -1}, cv::BORDER_REFLECT);
  return cv::Mat(small - mean).reshape(1, static_cast<int>(small.total()));
}

double contrast(const cv::Mat& covariance, const cv::Vec3d& weights) {
  const cv::Mat row(1, 3, CV_64F, const_cast<double*>(weights.val));
  return std::sqrt(std::max(0.0, cv::Mat(row * covariance * row.t()).at<double>(0)));
}

// The luminance; pixels of 0 and 1 become 0 and 255.
Image full_scale_grey(const Image& picture) {
  Image grey = to_grey(picture);
  if (std::ranges::max(grey.pixels) == 1)
    for (std::uint8_t& pixel : grey.pixels) pixel = pixel == 0 ? 0 : 255;
  return grey;
}

}  // namespace

Image grey_of_most_contrast(const Image& picture) {
  check_image(picture);
  if (picture.channels < 3) return full_scale_grey(picture);
  const cv::Mat bytes = bytes_of(picture);
  if (!is_opaque(bytes)) return full_scale_grey(picture);
  cv::Mat small;
  const double factor = std::min(1.0, kSmallSide / std::max(bytes.rows, bytes.cols));
  cv::resize(bytes, small,
             {std::max(1, cvRound(bytes.cols * factor)), std::max(1, cvRound(bytes.rows * factor))},
             0, 0, cv::INTER_AREA);
  if (small.channels() == 4) cv::cvtColor(small, small, cv::COLOR_RGBA2RGB);
  small.convertTo(small, CV_32F);
  const cv::Mat differences = local_differences(small);
  cv::Mat covariance;
  cv::Mat mean;
  cv::calcCovarMatrix(differences, covariance, mean,
                      cv::COVAR_NORMAL | cv::COVAR_ROWS | cv::COVAR_SCALE, CV_64F);
  cv::Mat values;
  cv::Mat vectors;
  cv::eigen(covariance, values, vectors);
  cv::Vec3d weights(vectors.ptr<double>(0));
  weights /= std::fabs(weights[0]) + std::fabs(weights[1]) + std::fabs(weights[2]);
  const double luminance = contrast(covariance, {0.299, 0.587, 0.114});
  const double most = contrast(covariance, weights);
  if (most < kLeastContrast || most < kMoreContrast * luminance) return full_scale_grey(picture);
  cv::Mat projected;
  cv::transform(small, projected, cv::Mat(1, 3, CV_64F, weights.val));
  std::vector<float> all(projected.begin<float>(), projected.end<float>());
  const auto low = static_cast<double>(quantile(all, 0.005));
  const auto high = std::max(low + kLeastStretched, static_cast<double>(quantile(all, 0.995)));
  const double gain = 215 / (high - low);
  cv::Mat grey;
  const cv::Matx14d rgb(gain * weights[0], gain * weights[1], gain * weights[2], 20 - gain * low);
  const cv::Matx<double, 1, 5> rgba(rgb(0), rgb(1), rgb(2), 0, rgb(3));
  cv::transform(bytes, grey, bytes.channels() == 3 ? cv::Mat(rgb) : cv::Mat(rgba));
  Image image{picture.height, picture.width, 1, {}};
  image.pixels.assign(grey.datastart, grey.dataend);
  return image;
}

}  // namespace digitry
