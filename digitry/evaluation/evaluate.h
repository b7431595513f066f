#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "digitry/data/dataset.h"
#include "digitry/evaluation/calibration.h"
#include "digitry/model_io/classifier.h"
#include "digitry/model_io/model.h"
#include "digitry/tensor/tensor.h"

namespace digitry {

/// A function that computes logits, such as those of a Predictor or a Classifier: float32 [N,
/// classes], of the images with these N indices; `images` is uint8 [·, C, H, W].
using LogitsOf =
    std::function<Tensor(const Tensor& images, std::span<const std::int32_t> image_indices)>;

struct Interval {
  double low = 0;
  double high = 0;
};

/// Precision, recall and F1 of one class; 0 if the denominator is 0.
struct ClassMetrics {
  double precision = 0;
  double recall = 0;
  double f1 = 0;
  std::int64_t support = 0;  ///< Number of images of this class.
};

/// How often images of class `label` were classified as `predicted`.
struct ConfusedPair {
  std::int32_t label = 0;
  std::int32_t predicted = 0;
  std::int64_t count = 0;
};

/// The prediction for one image, with its label.
struct LabelledPrediction {
  std::int64_t image_index = 0;
  std::int32_t label = 0;
  std::int32_t predicted = 0;
  float probability = 0;        ///< Of the predicted class.
  float label_probability = 0;  ///< Of the true class.
};

/// An image near another one.
struct Neighbour {
  std::int64_t image_index = 0;
  std::int32_t label = 0;
  double distance = 0;
};

/// Images whose label may be wrong (evaluation/label_errors.h).
struct SuspectedLabels {
  std::vector<LabelledPrediction> images;  ///< Most suspicious first.
  std::int64_t num_confident =
      0;  ///< How many of the first are label errors by confident learning.
};

/// The evaluation of a classifier on labelled images.
struct Evaluation {
  std::int64_t num_images = 0;
  std::int64_t num_correct = 0;
  double accuracy = 0;
  Interval accuracy_95;      ///< Wilson's 95 % interval of the accuracy.
  double loss = 0;           ///< Mean cross-entropy, nats.
  double temperature = 1;    ///< Divides the logits, for all figures but `uncalibrated`.
  Calibration calibration;   ///< Its negative log-likelihood is `loss`.
  Calibration uncalibrated;  ///< At temperature 1.
  std::vector<std::string> class_names;
  std::vector<ClassMetrics> per_class;
  std::vector<std::vector<std::int64_t>> confusion;  ///< [true class][predicted class].
  std::vector<ConfusedPair> most_confused;           ///< All wrong pairs, most frequent first.
  std::vector<LabelledPrediction> mistakes;          ///< Most confident first.
  /// For each class, the correct predictions with the lowest probabilities (at most 24).
  std::vector<std::vector<LabelledPrediction>> least_sure;
  SuspectedLabels suspected_labels;
  std::vector<std::string> sources;  ///< The file of each image, for image files; else empty.
};

/// Evaluates softmax(logits / temperature) against `labels`. Expects logits float32 [N,
/// num_classes], N ≥ 1, N labels, and one class name per column. The predicted class is that with
/// the largest logit, or the first of several.
/// Throws Error{kShapeMismatch} if the counts differ or there are no images, Error{kBadData} if a
/// label is out of range or a logit is not finite.
Evaluation evaluate_logits(const Tensor& logits, std::span<const std::int32_t> labels,
                           const std::vector<std::string>& class_names, double temperature = 1);

/// Wilson's 95 % score interval for `successes` out of `trials`; [0, 1] if there are no trials.
/// Throws Error{kInvalidArgument} unless 0 ≤ successes ≤ trials.
/// Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference",
/// JASA 22, 1927.
Interval wilson_interval_95(std::int64_t successes, std::int64_t trials);

/// Replaces logits, float32 [N, num_classes], by the probabilities softmax(row / temperature).
/// Throws Error{kShapeMismatch} for another rank, Error{kBadData} if a logit is not finite.
void softmax_rows(Tensor& logits, double temperature = 1);

/// Runs the model over labelled images and compares its predictions with the labels.
/// Throws Error{kBadData} if the images have no labels, if they have another number of classes than
/// the model, or if a label is out of range; Error{kShapeMismatch} if the images do not have the
/// model's input shape, or if there are none.
Evaluation evaluate(const Classifier& classifier, const Dataset& data);
Evaluation evaluate(const Model& model, const Dataset& data);

/// A function that returns the logits of `classifier`, which must outlive the function.
LogitsOf logits_by(const Classifier& classifier);

}  // namespace digitry
