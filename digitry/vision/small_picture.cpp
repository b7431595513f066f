#include "digitry/vision/small_picture.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "digitry/base/error.h"

namespace digitry {
namespace {

constexpr ImageSize kSize{kMnistSide, kMnistSide};
constexpr std::uint8_t kFaintInk = 64;  // of 255; less is noise of the paper
// By how much less similar to the training images the whole may be than one digit that was found in
// it; several digits have to be more similar than the whole by this. Of 3,000 training images in
// random forms, 0, 0.02, 0.05 and 0.1 for one digit gave 99.15, 99.24, 99.24 and 99.11 % of those
// that are not ready. For several, 0, 0.02, 0.05 and 0.1 gave 99.24, 99.24, 99.15 and 99.06 %, and
// 271, 276, 279 and 279 of 300 pairs of training digits.
constexpr double kLeadOfWhole = 0.02;

MnistImage as_it_is(const Image& light) {
  MnistImage image{};
  std::ranges::copy(light.pixels, image.begin());
  return image;
}

// All ink as one digit.
MnistImage centered(const Image& light) {
  std::vector<float> ink;
  for (const std::uint8_t pixel : light.pixels)
    ink.push_back(pixel < kFaintInk ? 0.0F : static_cast<float>(pixel));
  return to_mnist_form(ink, kMnistSide, kMnistSide);
}

std::vector<DigitPrediction> predict_all(const Classifier& classifier,
                                         const std::vector<MnistImage>& images) {
  Tensor tensor({std::ssize(images), 1, kMnistSide, kMnistSide}, DType::kU8);
  auto to = tensor.as<std::uint8_t>().begin();
  for (const MnistImage& image : images) to = std::ranges::copy(image, to).out;
  if (!has_classes_of_digits(classifier.model())) return predict_digits(classifier, tensor);
  std::vector<DigitPrediction> predictions = predict_pieces(shipped_reader(), tensor);
  add_classifier(classifier, tensor, PieceKind::kWhole, predictions);
  return predictions;
}

Reading reading_of(const MnistImage& image, DigitPrediction prediction, bool light_ink) {
  Reading reading;
  reading.num_lines = 1;
  reading.light_ink = light_ink;
  reading.digits.push_back(
      {.box = {0, 0, kMnistSide, kMnistSide}, .image = image, .prediction = std::move(prediction)});
  return reading;
}

// How similar the least likely digit is to the training images; 0 if there is none.
double likelihood(const Reading& reading) {
  if (reading.digits.empty()) return 0;
  double least = 1;
  for (const ReadDigit& digit : reading.digits)
    least = std::min(least, digit.prediction.in_distribution_score);
  return least;
}

bool any_rejected(const Reading& reading) {
  return std::ranges::any_of(reading.digits,
                             [](const ReadDigit& digit) { return digit.prediction.rejected; });
}

// Whether ink that is no digit was left out, as that of a broken stroke is. Of 1,200 training
// digits with gaps, dashes or dots, 619 in place of 616 are right if that speaks for the whole
// image.
bool leaves_ink(const Reading& reading) {
  return std::ranges::any_of(reading.left_out, [](const LeftOut& left_out) {
    return left_out.reason == LeftOutReason::kOutlier;
  });
}

// The whole image as one digit, or the digits that are searched for: the likelier.
void read_likeliest(const Image& picture, const Classifier& classifier, const ReadOptions& options,
                    SmallPictureReading& result) {
  const ImageForm& form = result.form;
  std::vector<MnistImage> images;
  std::vector<bool> light_ink;
  for (const ImagePolarity polarity : {ImagePolarity::kLightOnDark, ImagePolarity::kDarkOnLight}) {
    if (form.polarity != polarity && form.polarity != ImagePolarity::kUnclear) continue;
    images.push_back(centered(light_on_dark(form.grey, polarity)));
    light_ink.push_back(polarity == ImagePolarity::kLightOnDark);
  }
  const std::size_t num_centered = images.size();
  for (std::size_t i = 0; i < num_centered; ++i)
    images.push_back(as_it_is(light_on_dark(
        form.grey, light_ink[i] ? ImagePolarity::kLightOnDark : ImagePolarity::kDarkOnLight)));
  std::vector<DigitPrediction> wholes = predict_all(classifier, images);
  const auto likeliest = [&](std::size_t begin, std::size_t end) {
    std::size_t best = begin;
    for (std::size_t i = begin; i < end; ++i)
      if (wholes[i].in_distribution_score > wholes[best].in_distribution_score) best = i;
    return best;
  };
  std::size_t place = likeliest(0, num_centered);
  Reading searched = read_digits(form.unit_scale ? form.grey : picture, classifier, options);
  const double lead = searched.digits.size() == 1 ? kLeadOfWhole : -kLeadOfWhole;
  result.searched = wholes[place].in_distribution_score + lead < likelihood(searched) &&
                    (wholes[place].rejected || !leaves_ink(searched));
  // The image as it is, if nothing else is like a digit, or like several.
  const std::size_t as_is = likeliest(num_centered, images.size());
  const bool several = result.searched && searched.digits.size() > 1;
  const bool rejected =
      wholes[place].rejected && !several && (!result.searched || any_rejected(searched));
  if (rejected && !wholes[as_is].rejected) {
    place = as_is;
    result.searched = false;
  }
  result.whole = wholes[place];
  if (result.searched && searched.digits.size() == 1)
    result.whole = searched.digits.front().prediction;
  result.reading = result.searched
                       ? std::move(searched)
                       : reading_of(images[place], result.whole, light_ink[place % num_centered]);
}

}  // namespace

SmallPictureReading read_small_picture(const Image& picture, const Classifier& classifier,
                                       const ReadOptions& options) {
  return read_small_picture(picture, find_image_form(picture), classifier, options);
}

SmallPictureReading read_small_picture(const Image& picture, ImageForm form,
                                       const Classifier& classifier, const ReadOptions& options) {
  if (classifier.model().input_shape() != Shape{1, kMnistSide, kMnistSide})
    throw Error(ErrorCode::kBadData,
                "read_small_picture: expected a model of images [1,28,28], got one of {}",
                classifier.model().input_shape().to_string());
  if (ImageSize{picture.height, picture.width} != kSize)
    throw Error(ErrorCode::kInvalidArgument, "read_small_picture: expected {}x{} pixels, got {}x{}",
                kMnistSide, kMnistSide, picture.width, picture.height);
  SmallPictureReading result;
  result.form = std::move(form);
  if (result.form.ready) {
    const MnistImage image = as_it_is(result.form.light);
    result.whole = std::move(predict_all(classifier, {image}).front());
    if (result.form.polarity != ImagePolarity::kBlank)
      result.reading =
          reading_of(image, result.whole, result.form.polarity == ImagePolarity::kLightOnDark);
  } else {
    read_likeliest(picture, classifier, options, result);
  }
  return result;
}

}  // namespace digitry
