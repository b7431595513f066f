#include "digitry/vision/whole_picture.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <opencv2/imgproc.hpp>
#include <utility>
#include <vector>

#include "digitry/image/mnist_form.h"
#include "digitry/vision/digit_prediction.h"
#include "digitry/vision/projection.h"

namespace digitry {
namespace {

constexpr double kWholeSide = 200;      // pixels: larger pictures are reduced
constexpr double kWidestPicture = 1.4;  // width by height
constexpr float kLeastRange = 32;       // grey levels
constexpr float kNoInk = 0.25F;         // of the contrast: as dark as that is paper, and
constexpr float kAllInk = 0.75F;        // as dark as that is ink
constexpr double kSpan = 0.8;           // of the height or width of the picture
// How much likelier the whole has to be than one digit that was found, and than several.
constexpr double kLeadOverOne = 3;
constexpr double kLeadOverSeveral = 0;

struct WholeInk {
  MnistImage image{};
  cv::Rect box;
  bool light = false;
};

// `ink` is 0 to 1.
bool spans(const cv::Mat& ink, const cv::Rect& box) {
  return box.height >= kSpan * ink.rows || box.width >= kSpan * ink.cols;
}

std::vector<WholeInk> wholes_of(const cv::Mat& grey) {
  double low = 0;
  double high = 0;
  cv::minMaxLoc(grey, &low, &high);
  std::vector<WholeInk> wholes;
  if (high - low < static_cast<double>(kLeastRange)) return wholes;
  for (const bool light : {false, true}) {
    cv::Mat ink =
        light ? cv::Mat((grey - low) / (high - low)) : cv::Mat((high - grey) / (high - low));
    ink = (ink - kNoInk) / (kAllInk - kNoInk);
    ink = cv::min(cv::max(ink, 0.0), 1.0);
    const cv::Rect box = cv::boundingRect(cv::Mat(ink > 0.5));
    if (box.empty() || !spans(ink, box)) continue;
    wholes.push_back(
        {to_mnist_form({ink.ptr<float>(), ink.total()}, ink.rows, ink.cols), box, light});
  }
  return wholes;
}

double least_log_odds(const Reading& reading, double threshold) {
  double least = std::numeric_limits<double>::infinity();
  for (const ReadDigit& digit : reading.digits)
    least = std::min(least, digit_log_odds(digit.prediction.reader_score,
                                           digit.prediction.in_distribution_score, threshold));
  return reading.digits.empty() ? -least : least;
}

}  // namespace

void prefer_whole_picture(const Image& picture, const Classifier& classifier, Reading& reading) {
  if (static_cast<double>(picture.width) > kWidestPicture * static_cast<double>(picture.height))
    return;
  Image one = grey_of_most_contrast(picture);
  cv::Mat grey(static_cast<int>(one.height), static_cast<int>(one.width), CV_8U, one.pixels.data());
  const double scale = std::min(1.0, kWholeSide / static_cast<double>(one.height));
  if (scale < 1) cv::resize(grey.clone(), grey, {}, scale, scale, cv::INTER_AREA);
  grey.convertTo(grey, CV_32F);
  const std::vector<WholeInk> wholes = wholes_of(grey);
  if (wholes.empty()) return;
  Tensor images({std::ssize(wholes), 1, kMnistSide, kMnistSide}, DType::kU8);
  auto to = images.as<std::uint8_t>().begin();
  for (const WholeInk& whole : wholes) to = std::ranges::copy(whole.image, to).out;
  std::vector<DigitPrediction> predictions = predict_pieces(shipped_reader(), images);
  add_classifier(classifier, images, PieceKind::kWhole, predictions);
  const auto threshold = static_cast<double>(classifier.model().rejection_threshold);
  const double lead = reading.digits.size() == 1 ? kLeadOverOne : kLeadOverSeveral;
  double least = std::max(kLeastDigitLogOdds, least_log_odds(reading, threshold) + lead);
  for (std::size_t i = 0; i < wholes.size(); ++i) {
    const double log_odds = digit_log_odds(predictions[i].reader_score,
                                           predictions[i].in_distribution_score, threshold);
    if (log_odds < least) continue;
    least = log_odds;
    const auto at = [&](int pixels) { return static_cast<std::int64_t>(pixels / scale); };
    const cv::Rect& box = wholes[i].box;
    Reading whole;
    whole.light_ink = wholes[i].light;
    whole.num_lines = 1;
    whole.digits.push_back(
        {.box = {at(box.x), at(box.y),
                 std::clamp(at(box.width), std::int64_t{1}, picture.width - at(box.x)),
                 std::clamp(at(box.height), std::int64_t{1}, picture.height - at(box.y))},
         .image = wholes[i].image,
         .prediction = std::move(predictions[i])});
    reading = std::move(whole);
  }
}

}  // namespace digitry
