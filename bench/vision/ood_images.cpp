#include "bench/vision/ood_images.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <string_view>

#include "digitry/base/random.h"
#include "digitry/image/mnist_form.h"

namespace digitry::bench {
namespace {

constexpr int kCanvas = 160;
constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr std::string_view kLikeDigits = "OoDQIilZzSsbGBgq";

Tensor stack(const std::vector<MnistImage>& images) {
  Tensor tensor({std::ssize(images), 1, kMnistSide, kMnistSide}, DType::kU8);
  auto to = tensor.as<std::uint8_t>().begin();
  for (const MnistImage& image : images) to = std::ranges::copy(image, to).out;
  return tensor;
}

MnistImage form_of(const cv::Mat& drawn) {
  cv::Mat ink;
  drawn.convertTo(ink, CV_32F);
  return to_mnist_form({ink.ptr<float>(), ink.total()}, ink.rows, ink.cols);
}

RandomStream stream_of(std::uint64_t seed, std::uint32_t set, std::int64_t image) {
  return {seed, RandomPurpose::kTest, set, static_cast<std::uint32_t>(image)};
}

// Rotated by up to 10° and sheared by up to 0.2 about the middle.
cv::Mat as_by_hand(const cv::Mat& drawn, RandomStream& random) {
  const double angle = (20 * static_cast<double>(random.next_float()) - 10) * CV_PI / 180;
  const double lean = 0.4 * static_cast<double>(random.next_float()) - 0.2;
  const cv::Matx22d change(std::cos(angle), lean - std::sin(angle), std::sin(angle),
                           std::cos(angle));
  const cv::Vec2d middle(drawn.cols / 2.0, drawn.rows / 2.0);
  const cv::Vec2d shift = middle - change * middle;
  const cv::Matx23d whole(change(0, 0), change(0, 1), shift[0], change(1, 0), change(1, 1),
                          shift[1]);
  cv::Mat bent;
  cv::warpAffine(drawn, bent, whole, drawn.size());
  return bent;
}

Tensor hershey(std::string_view letters, std::uint64_t seed) {
  std::vector<MnistImage> images;
  for (const int face : {cv::FONT_HERSHEY_SIMPLEX, cv::FONT_HERSHEY_PLAIN, cv::FONT_HERSHEY_DUPLEX,
                         cv::FONT_HERSHEY_COMPLEX, cv::FONT_HERSHEY_TRIPLEX,
                         cv::FONT_HERSHEY_SCRIPT_SIMPLEX, cv::FONT_HERSHEY_SCRIPT_COMPLEX})
    for (const int slant : {0, static_cast<int>(cv::FONT_ITALIC)})
      for (const char letter : letters) {
        RandomStream random = stream_of(seed, 4, std::ssize(images));
        cv::Mat canvas = cv::Mat::zeros(2 * kCanvas, 2 * kCanvas, CV_8U);
        const double scale = cv::getFontScaleFromHeight(face, 100);
        const int thickness = 8 + static_cast<int>(random.next_below(6));
        cv::putText(canvas, std::string(1, letter), {kCanvas / 2, 3 * kCanvas / 2}, face | slant,
                    scale, 255, thickness, cv::LINE_AA);
        images.push_back(form_of(as_by_hand(canvas, random)));
      }
  return stack(images);
}

cv::Mat blobs(RandomStream& random) {
  cv::Mat noise(kCanvas, kCanvas, CV_32F);
  for (float& value : cv::Mat_<float>(noise)) value = random.next_normal();
  cv::GaussianBlur(noise, noise, {}, 6 + 10 * static_cast<double>(random.next_float()));
  cv::Scalar mean;
  cv::Scalar deviation;
  cv::meanStdDev(noise, mean, deviation);
  cv::Mat mask = noise > mean[0] + (0.5 + static_cast<double>(random.next_float())) * deviation[0];
  return mask;
}

cv::Mat stripes(RandomStream& random) {
  cv::Mat mask = cv::Mat::zeros(kCanvas, kCanvas, CV_8U);
  const bool checks = random.next_below(2) == 0;
  const double period = 16 + random.next_below(50);
  const double angle = CV_PI * static_cast<double>(random.next_float());
  for (int y = 0; y < kCanvas; ++y)
    for (int x = 0; x < kCanvas; ++x) {
      const double u = x * std::cos(angle) + y * std::sin(angle);
      const double v = y * std::cos(angle) - x * std::sin(angle);
      const bool across = std::fmod(u + 10 * kCanvas * period, period) < period / 2;
      const bool down = std::fmod(v + 10 * kCanvas * period, period) < period / 2;
      if (checks ? across != down : across) mask.at<std::uint8_t>(y, x) = 255;
    }
  return mask;
}

cv::Mat wandering_pen(RandomStream& random) {
  cv::Mat canvas = cv::Mat::zeros(kCanvas, kCanvas, CV_8U);
  const int thickness = 8 + static_cast<int>(random.next_below(6));
  const std::uint32_t steps = 40 + random.next_below(80);
  double x = kCanvas * static_cast<double>(random.next_float());
  double y = kCanvas * static_cast<double>(random.next_float());
  double heading = 2 * CV_PI * static_cast<double>(random.next_float());
  double turning = 0;
  for (std::uint32_t i = 0; i < steps; ++i) {
    turning = 0.8 * turning + 0.35 * static_cast<double>(random.next_normal());
    heading += turning;
    const double next_x = std::clamp(x + 9 * std::cos(heading), 0.0, kCanvas - 1.0);
    const double next_y = std::clamp(y + 9 * std::sin(heading), 0.0, kCanvas - 1.0);
    cv::line(canvas, {cvRound(x), cvRound(y)}, {cvRound(next_x), cvRound(next_y)}, 255, thickness,
             cv::LINE_AA);
    x = next_x;
    y = next_y;
  }
  return canvas;
}

}  // namespace

Tensor letter_images(std::uint64_t seed) {
  std::string letters;
  for (const char letter : kLetters)
    if (kLikeDigits.find(letter) == std::string_view::npos) letters += letter;
  return hershey(letters, seed);
}

Tensor ambiguous_letter_images(std::uint64_t seed) { return hershey(kLikeDigits, seed); }

Tensor uniform_noise(std::int64_t count, std::uint64_t seed) {
  Tensor images({count, 1, kMnistSide, kMnistSide}, DType::kU8);
  RandomStream random = stream_of(seed, 1, 0);
  for (std::uint8_t& pixel : images.as<std::uint8_t>())
    pixel = static_cast<std::uint8_t>(random.next_below(256));
  return images;
}

Tensor structured_noise(std::int64_t count, std::uint64_t seed) {
  std::vector<MnistImage> images;
  for (std::int64_t i = 0; i < count; ++i) {
    RandomStream random = stream_of(seed, 2, i);
    images.push_back(form_of(i % 2 == 0 ? blobs(random) : stripes(random)));
  }
  return stack(images);
}

Tensor scribbles(std::int64_t count, std::uint64_t seed) {
  std::vector<MnistImage> images;
  for (std::int64_t i = 0; i < count; ++i) {
    RandomStream random = stream_of(seed, 3, i);
    images.push_back(form_of(wandering_pen(random)));
  }
  return stack(images);
}

Tensor in_mnist_form(const Tensor& images) {
  std::vector<MnistImage> formed;
  const auto side = static_cast<int>(kMnistSide);
  for (std::int64_t i = 0; i < images.shape()[0]; ++i) {
    auto* pixels = const_cast<std::uint8_t*>(images.as<std::uint8_t>().data()) + i * side * side;
    formed.push_back(form_of(cv::Mat(side, side, CV_8U, pixels)));
  }
  return stack(formed);
}

}  // namespace digitry::bench
