#include "digitry/vision/digit_prediction.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <numeric>
#include <span>
#include <utility>

#include "digitry/base/error.h"
#include "digitry/base/parallel.h"
#include "digitry/evaluation/evaluate.h"
#include "digitry/image/warp.h"

namespace digitry {
namespace {

constexpr std::int64_t kPlanesPerThread = 16;
constexpr std::int64_t kImagesPerBatch = 512;

// From a place in the deformed image to its source in the image; the first is the identity. cos 12°
// is 0.978 and sin 12° is 0.208.
constexpr std::array<warp::LinearMap, 7> kDeformations = {{
    {1, 0, 0, 1},
    {0.978, 0.208, -0.208, 0.978},
    {0.978, -0.208, 0.208, 0.978},
    {1, 0.25, 0, 1},
    {1, -0.25, 0, 1},
    {1.2, 0, 0, 1},
    {1, 0, 0, 1.2},
}};

// [7 · N, C, H, W]: the N images under the first deformation, then under the second, and so on.
Tensor deformed(const Tensor& images) {
  const Shape& shape = images.shape();
  const ImageSize size{shape[2], shape[3]};
  const std::int64_t area = size.height * size.width;
  const std::int64_t planes = shape[0] * shape[1];
  Tensor all(shape.without_batch().with_batch(std::ssize(kDeformations) * shape[0]), DType::kU8);
  const std::uint8_t* from = images.as<std::uint8_t>().data();
  std::uint8_t* to = all.as<std::uint8_t>().data();
  parallel_for_with(
      planes, kPlanesPerThread, [&] { return RoundingWarper(size); },
      [&](RoundingWarper& warper, std::int64_t begin, std::int64_t end) {
        for (std::int64_t plane = begin; plane < end; ++plane)
          for (std::size_t i = 0; i < kDeformations.size(); ++i)
            warper.warp(from + plane * area, warp::about_center(size, kDeformations[i]),
                        to + (static_cast<std::int64_t>(i) * planes + plane) * area);
      });
  return all;
}

// `probabilities` is [7, num_images, num_classes].
double agreement(std::span<const float> probabilities, std::size_t num_classes,
                 std::size_t num_images, std::size_t image) {
  const auto row = probabilities.subspan(image * num_classes, num_classes);
  const auto label = static_cast<std::size_t>(std::ranges::max_element(row) - row.begin());
  double sum = 0;
  for (std::size_t i = 0; i < kDeformations.size(); ++i)
    sum += static_cast<double>(probabilities[(i * num_images + image) * num_classes + label]);
  return sum / static_cast<double>(kDeformations.size());
}

// Appends the predictions of `images`, without their in-distribution scores.
void append_predictions(const Classifier& classifier, const Tensor& images,
                        std::vector<DigitPrediction>& predictions) {
  Tensor logits = classifier.logits(deformed(images));
  softmax_rows(logits, static_cast<double>(classifier.model().temperature));
  const std::span<const float> probabilities = std::as_const(logits).as<float>();
  const auto num_classes = static_cast<std::size_t>(logits.shape()[1]);
  const auto num_images = static_cast<std::size_t>(images.shape()[0]);
  for (std::size_t i = 0; i < num_images; ++i) {
    const auto row = probabilities.subspan(i * num_classes, num_classes);
    predictions.push_back({.probabilities = {row.begin(), row.end()},
                           .score = agreement(probabilities, num_classes, num_images, i)});
  }
}

}  // namespace

std::vector<DigitPrediction> predict_digits(const Classifier& classifier, const Tensor& images) {
  if (images.shape().rank() != 4)
    throw Error(ErrorCode::kShapeMismatch, "predict_digits: expected images [N,C,H,W], got {}",
                images.shape().to_string());
  const std::int64_t num_images = images.shape()[0];
  std::vector<DigitPrediction> predictions;
  for (std::int64_t begin = 0; begin < num_images; begin += kImagesPerBatch) {
    std::vector<std::int32_t> batch(
        static_cast<std::size_t>(std::min(kImagesPerBatch, num_images - begin)));
    std::iota(batch.begin(), batch.end(), static_cast<std::int32_t>(begin));
    append_predictions(classifier, images.take(batch), predictions);
  }
  const std::vector<double> scores = classifier.in_distribution_scores(images);
  for (std::size_t i = 0; i < scores.size(); ++i) {
    predictions[i].in_distribution_score = scores[i];
    predictions[i].rejected = classifier.model().rejects(scores[i]);
  }
  return predictions;
}

std::vector<DigitPrediction> predict_pieces(const Classifier& reader, const Tensor& images) {
  Tensor logits = reader.logits(images);
  softmax_rows(logits, static_cast<double>(reader.model().temperature));
  const std::span<const float> probabilities = std::as_const(logits).as<float>();
  const auto num_classes = static_cast<std::size_t>(logits.shape()[1]);
  std::vector<DigitPrediction> predictions;
  for (std::size_t begin = 0; begin < probabilities.size(); begin += num_classes) {
    const auto row = probabilities.subspan(begin, num_classes - 1);
    DigitPrediction& prediction = predictions.emplace_back();
    const float sum = std::accumulate(row.begin(), row.end(), 1e-12F);
    for (const float value : row) prediction.probabilities.push_back((value + 1e-13F) / sum);
    prediction.score = std::min(1.0, static_cast<double>(sum));
    prediction.rejected = prediction.score < kLeastPieceScore;
  }
  return predictions;
}

}  // namespace digitry
