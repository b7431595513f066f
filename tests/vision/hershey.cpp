#include "tests/vision/hershey.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <opencv2/imgproc.hpp>

namespace digitry::test {
namespace {

constexpr double kLeastCosine = 0.8;

cv::Mat canvas_of(Image& picture) {
  return {static_cast<int>(picture.height), static_cast<int>(picture.width), CV_8U,
          picture.pixels.data()};
}

MnistImage drawn_digit(int digit, int thickness) {
  Image picture = blank_picture(120, 120, 0);
  draw_text(picture, std::to_string(digit),
            {.x = 30, .y = 90, .height = 60, .thickness = thickness, .ink = 255});
  const std::vector<float> ink(picture.pixels.begin(), picture.pixels.end());
  return to_mnist_form(ink, picture.height, picture.width);
}

double cosine(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b) {
  double ab = 0;
  double aa = 0;
  double bb = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    ab += a[i] * b[i];
    aa += a[i] * a[i];
    bb += b[i] * b[i];
  }
  return ab / std::sqrt(std::max(1.0, aa * bb));
}

DigitPrediction predict(std::span<const std::uint8_t> image) {
  static const auto drawn = [] {
    std::array<std::vector<MnistImage>, 10> all;
    for (int digit = 0; digit < 10; ++digit)
      for (const int thickness : {3, 6, 9})
        all[static_cast<std::size_t>(digit)].push_back(drawn_digit(digit, thickness));
    return all;
  }();
  DigitPrediction prediction;
  for (const auto& versions : drawn) {
    double best = 0;
    for (const MnistImage& version : versions) best = std::max(best, cosine(image, version));
    prediction.probabilities.push_back(static_cast<float>(std::exp(20 * best)));
    prediction.score = std::max(prediction.score, best);
  }
  float sum = 0;
  for (const float p : prediction.probabilities) sum += p;
  for (float& p : prediction.probabilities) p /= sum;
  prediction.rejected = prediction.score < kLeastCosine;
  return prediction;
}

}  // namespace

Image blank_picture(std::int64_t height, std::int64_t width, std::uint8_t paper) {
  return {height, width, 1,
          std::vector<std::uint8_t>(static_cast<std::size_t>(height * width), paper)};
}

void draw_text(Image& picture, const std::string& text, const TextOptions& options) {
  cv::Mat canvas = canvas_of(picture);
  const double scale = options.height / 21.0;  // The font's digits are 21 units high.
  cv::putText(canvas, text, {options.x, options.y}, cv::FONT_HERSHEY_SIMPLEX, scale, options.ink,
              options.thickness, cv::LINE_AA);
}

const DigitClassifier& hershey_classifier() {
  static const DigitClassifier classifier = [](const Tensor& images) {
    std::vector<DigitPrediction> predictions;
    const auto pixels = images.as<std::uint8_t>();
    for (std::size_t i = 0; i < static_cast<std::size_t>(images.shape()[0]); ++i)
      predictions.push_back(predict(pixels.subspan(i * 784, 784)));
    return predictions;
  };
  return classifier;
}

Image page_of(const std::string& first, const std::string& second) {
  Image picture = blank_picture(260, 460);
  draw_text(picture, first, {.x = 50, .y = 90, .height = 50, .thickness = 5});
  draw_text(picture, second, {.x = 70, .y = 200, .height = 50, .thickness = 5});
  return picture;
}

cv::Mat canvas_of_picture(Image& picture) {
  return {static_cast<int>(picture.height), static_cast<int>(picture.width), CV_8U,
          picture.pixels.data()};
}

std::string read_text(const Image& picture, const ReadOptions& options) {
  const Reading reading = read_digits(picture, hershey_classifier(), options);
  std::string text = to_text(reading, {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"});
  std::ranges::replace(text, '\n', '/');
  return text;
}

}  // namespace digitry::test
