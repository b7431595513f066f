#include "digitry/vision/digit_prediction.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <span>
#include <string>
#include <utility>

#include "digitry/base/error.h"
#include "digitry/base/parallel.h"
#include "digitry/evaluation/evaluate.h"
#include "digitry/image/warp.h"

namespace digitry {
namespace {

constexpr std::int64_t kPlanesPerThread = 16;
constexpr std::int64_t kImagesPerBatch = 512;

constexpr double kLeastSimilar = 0.88;  // in-distribution score that adds no certainty
constexpr double kSimilarityWeight = 20;
constexpr double kLeastSimilarity = -0.1;  // above the threshold; less counts as this
constexpr double kUsual = 0.1;             // above the threshold: a digit like the training images
constexpr double kReaderShare = 0.5;       // of the logarithms of the probabilities
constexpr double kReaderShareOfUsual = 0.1;
constexpr double kSurest = 1e-6;  // the least doubt of the reader that counts

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
    prediction.score = prediction.reader_score = std::min(1.0, static_cast<double>(sum));
    prediction.rejected = prediction.score < kLeastPieceScore;
  }
  return predictions;
}

const Classifier& shipped_reader() {
  static const Classifier reader(shipped_model("reader"));
  return reader;
}

bool has_classes_of_digits(const Model& model) {
  static const std::vector<std::string> digits{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
  return model.class_names == digits;
}

double digit_log_odds(double reader_score, double in_distribution_score,
                      double rejection_threshold) {
  const double p = std::clamp(reader_score, kSurest, 1 - kSurest);
  const double similar = rejection_threshold > 0 ? in_distribution_score - rejection_threshold : 0;
  return std::log(p / (1 - p)) + kSimilarityWeight * std::max(similar, kLeastSimilarity);
}

void add_in_distribution_score(double in_distribution_score, double rejection_threshold,
                               DigitPrediction& prediction) {
  prediction.in_distribution_score = in_distribution_score;
  prediction.rejected =
      in_distribution_score <= 0 || digit_log_odds(prediction.reader_score, in_distribution_score,
                                                   rejection_threshold) < kLeastDigitLogOdds;
  const double similar = (in_distribution_score - kLeastSimilar) / (1 - kLeastSimilar);
  prediction.score = std::max(prediction.score, std::clamp(similar, 0.0, 1.0));
}

void add_classifier(const Classifier& classifier, const Tensor& images, PieceKind kind,
                    std::vector<DigitPrediction>& predictions) {
  constexpr double kFloor = 1e-6;
  const std::vector<Prediction> others = classifier.classify(images);
  const auto threshold = static_cast<double>(classifier.model().rejection_threshold);
  for (std::size_t i = 0; i < others.size(); ++i) {
    std::vector<float>& probabilities = predictions[i].probabilities;
    const bool usual =
        kind == PieceKind::kWhole && others[i].in_distribution_score >= threshold + kUsual;
    const double reader_share = usual ? kReaderShareOfUsual : kReaderShare;
    for (std::size_t c = 0; c < probabilities.size(); ++c)
      probabilities[c] = static_cast<float>(
          std::pow(static_cast<double>(probabilities[c]) + kFloor, reader_share) *
          std::pow(others[i].probabilities[c] + kFloor, 1 - reader_share));
    const float sum = std::accumulate(probabilities.begin(), probabilities.end(), 0.0F);
    for (float& probability : probabilities) probability /= sum;
    add_in_distribution_score(others[i].in_distribution_score, threshold, predictions[i]);
  }
}

}  // namespace digitry
