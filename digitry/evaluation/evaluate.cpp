#include "digitry/evaluation/evaluate.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>

#include "digitry/base/error.h"
#include "digitry/evaluation/label_errors.h"

namespace digitry {
namespace {

constexpr std::size_t kMaxLeastSure = 24;

void check_rank(const char* where, const Tensor& logits) {
  if (logits.shape().rank() != 2 || logits.shape()[1] < 1) {
    throw Error(ErrorCode::kShapeMismatch, "{}: expected logits [N, num_classes], got {}", where,
                logits.shape().to_string());
  }
}

/// log Σ exp(row / temperature), in double, relative to the largest logit so that nothing
/// overflows.
double log_sum_exp(const char* where, std::span<const float> row, std::int64_t image_index,
                   double temperature) {
  for (std::size_t c = 0; c < row.size(); ++c) {
    if (!std::isfinite(row[c])) {
      throw Error(ErrorCode::kBadData,
                  "{}: image {}, class {}: expected a finite logit, got {}; the weights or the "
                  "images are invalid: train again with a lower learning rate",
                  where, image_index, c, row[c]);
    }
  }
  const double largest = *std::max_element(row.begin(), row.end());
  double sum = 0;
  for (const float logit : row) sum += std::exp((logit - largest) / temperature);
  return largest / temperature + std::log(sum);
}

double ratio(std::int64_t part, std::int64_t whole) {
  return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
}

std::vector<ClassMetrics> metrics_per_class(
    const std::vector<std::vector<std::int64_t>>& confusion) {
  std::vector<ClassMetrics> result(confusion.size());
  for (std::size_t c = 0; c < confusion.size(); ++c) {
    std::int64_t predicted = 0;
    for (std::size_t k = 0; k < confusion.size(); ++k) {
      result[c].support += confusion[c][k];
      predicted += confusion[k][c];
    }
    const std::int64_t correct = confusion[c][c];
    result[c].precision = ratio(correct, predicted);
    result[c].recall = ratio(correct, result[c].support);
    result[c].f1 = ratio(2 * correct, result[c].support + predicted);
  }
  return result;
}

std::vector<ConfusedPair> confused_pairs(const std::vector<std::vector<std::int64_t>>& confusion) {
  std::vector<ConfusedPair> pairs;
  for (std::size_t label = 0; label < confusion.size(); ++label) {
    for (std::size_t predicted = 0; predicted < confusion.size(); ++predicted) {
      const std::int64_t count = confusion[label][predicted];
      if (label == predicted || count == 0) continue;
      pairs.push_back(
          {static_cast<std::int32_t>(label), static_cast<std::int32_t>(predicted), count});
    }
  }
  std::stable_sort(pairs.begin(), pairs.end(),
                   [](const ConfusedPair& a, const ConfusedPair& b) { return a.count > b.count; });
  return pairs;
}

void check_counts(const Tensor& logits, std::span<const std::int32_t> labels,
                  const std::vector<std::string>& class_names) {
  check_rank("evaluate_logits", logits);
  if (labels.empty() || logits.shape()[0] != static_cast<std::int64_t>(labels.size()) ||
      logits.shape()[1] != static_cast<std::int64_t>(class_names.size())) {
    throw Error(ErrorCode::kShapeMismatch,
                "evaluate_logits: expected as many labels as rows, at least one, and as many class "
                "names as columns; got logits {}, {} labels, {} class names",
                logits.shape().to_string(), labels.size(), class_names.size());
  }
  const auto num_classes = static_cast<std::int32_t>(class_names.size());
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] < 0 || labels[i] >= num_classes) {
      throw Error(ErrorCode::kBadData,
                  "evaluate_logits: label of image {}: expected 0 to {} for {} classes, got {}", i,
                  num_classes - 1, num_classes, labels[i]);
    }
  }
}

}  // namespace

Interval wilson_interval_95(std::int64_t successes, std::int64_t trials) {
  if (successes < 0 || successes > trials) {
    throw Error(ErrorCode::kInvalidArgument,
                "wilson_interval_95: expected 0 ≤ successes ≤ trials, got {} of {}", successes,
                trials);
  }
  if (trials == 0) return {0, 1};
  constexpr double kZ = 1.959963984540054;  // The normal distribution's 97.5 % point.
  const auto n = static_cast<double>(trials);
  const double p = static_cast<double>(successes) / n;
  const double scale = 1 + kZ * kZ / n;
  const double centre = (p + kZ * kZ / (2 * n)) / scale;
  const double half = kZ * std::sqrt(p * (1 - p) / n + kZ * kZ / (4 * n * n)) / scale;
  // Without successes or failures one bound is exactly 0 or 1; rounding errors would move it.
  return {successes == 0 ? 0.0 : centre - half, successes == trials ? 1.0 : centre + half};
}

void softmax_rows(Tensor& logits, double temperature) {
  check_rank("softmax_rows", logits);
  const auto num_classes = static_cast<std::size_t>(logits.shape()[1]);
  const std::span<float> values = logits.as<float>();
  for (std::int64_t n = 0; n < logits.shape()[0]; ++n) {
    const auto row = values.subspan(static_cast<std::size_t>(n) * num_classes, num_classes);
    const double normaliser = log_sum_exp("softmax_rows", row, n, temperature);
    for (float& value : row) value = static_cast<float>(std::exp(value / temperature - normaliser));
  }
}

Evaluation evaluate_logits(const Tensor& logits, std::span<const std::int32_t> labels,
                           const std::vector<std::string>& class_names, double temperature) {
  check_counts(logits, labels, class_names);
  const std::size_t num_classes = class_names.size();
  const std::span<const float> values = logits.as<float>();

  Evaluation result;
  result.num_images = logits.shape()[0];
  result.class_names = class_names;
  result.confusion.assign(num_classes, std::vector<std::int64_t>(num_classes, 0));
  result.least_sure.resize(num_classes);
  double total_loss = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const auto row = values.subspan(i * num_classes, num_classes);
    const auto image_index = static_cast<std::int64_t>(i);
    const double normaliser = log_sum_exp("evaluate_logits", row, image_index, temperature);
    const auto label = static_cast<std::size_t>(labels[i]);
    const auto predicted =
        static_cast<std::size_t>(std::max_element(row.begin(), row.end()) - row.begin());
    total_loss += normaliser - row[label] / temperature;
    ++result.confusion[label][predicted];
    const LabelledPrediction prediction{
        image_index, labels[i], static_cast<std::int32_t>(predicted),
        static_cast<float>(std::exp(row[predicted] / temperature - normaliser)),
        static_cast<float>(std::exp(row[label] / temperature - normaliser))};
    if (predicted == label) {
      ++result.num_correct;
      result.least_sure[label].push_back(prediction);
    } else {
      result.mistakes.push_back(prediction);
    }
  }

  std::stable_sort(result.mistakes.begin(), result.mistakes.end(),
                   [](const LabelledPrediction& a, const LabelledPrediction& b) {
                     return a.probability > b.probability;
                   });
  for (auto& right : result.least_sure) {
    std::stable_sort(right.begin(), right.end(),
                     [](const LabelledPrediction& a, const LabelledPrediction& b) {
                       return a.probability < b.probability;
                     });
    right.resize(std::min(right.size(), kMaxLeastSure));
  }
  result.accuracy = ratio(result.num_correct, result.num_images);
  result.accuracy_95 = wilson_interval_95(result.num_correct, result.num_images);
  result.loss = total_loss / static_cast<double>(result.num_images);
  result.suspected_labels = suspected_label_errors(logits, labels, temperature);
  result.temperature = temperature;
  result.calibration = measure_calibration(logits, labels, temperature);
  result.uncalibrated = measure_calibration(logits, labels);
  result.per_class = metrics_per_class(result.confusion);
  result.most_confused = confused_pairs(result.confusion);
  return result;
}

Evaluation evaluate(const Classifier& classifier, const Dataset& data) {
  const Model& model = classifier.model();
  if (!data.labelled())
    throw Error(
        ErrorCode::kBadData,
        "{}: expected labelled images to evaluate the model, found images that have no labels",
        data.name);
  if (data.num_classes() != model.members.front().network.num_classes())
    throw Error(ErrorCode::kBadData, "{}: expected images of {} classes for this model, got {}",
                data.name, model.members.front().network.num_classes(), data.num_classes());
  return evaluate_logits(classifier.logits(data.images), data.labels, model.class_names,
                         static_cast<double>(model.temperature));
}

Evaluation evaluate(const Model& model, const Dataset& data) {
  return evaluate(Classifier(model), data);
}

LogitsOf logits_by(const Classifier& classifier) {
  return [&](const Tensor& images, std::span<const std::int32_t> image_indices) {
    return classifier.logits(images, image_indices);
  };
}

}  // namespace digitry
