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

/// Whatever classifies, a Predictor or a Classifier: logits, float32 [N, classes], of the images
/// with these N indices, of uint8 [·, C, H, W].
using LogitsOf =
    std::function<Tensor(const Tensor& images, std::span<const std::int32_t> image_indices)>;

struct Interval {
  double low = 0;
  double high = 0;
};

/// Precision, recall and F1 of one class; 0 where a denominator is 0.
struct ClassMetrics {
  double precision = 0;
  double recall = 0;
  double f1 = 0;
  std::int64_t support = 0;  ///< Images of this class.
};

/// How often images of class `label` were taken for `predicted`.
struct ConfusedPair {
  std::int32_t label = 0;
  std::int32_t predicted = 0;
  std::int64_t count = 0;
};

/// What the network said of one image.
struct LabelledPrediction {
  std::int64_t image_index = 0;
  std::int32_t label = 0;
  std::int32_t predicted = 0;
  float probability = 0;        ///< Of the predicted class.
  float label_probability = 0;  ///< Of the true class.
};

/// Images whose label a person should look at (evaluation/label_errors.h).
struct SuspectedLabels {
  std::vector<LabelledPrediction> images;  ///< Most suspicious first.
  std::int64_t num_confident = 0;  ///< So many of the first are errors by confident learning.
};

/// A classifier judged on a labelled set.
struct Evaluation {
  std::int64_t num_images = 0;
  std::int64_t num_correct = 0;
  double accuracy = 0;
  Interval accuracy_95;      ///< Wilson's 95 % interval of the accuracy.
  double loss = 0;           ///< Mean cross-entropy, nats.
  double temperature = 1;    ///< That logits were divided by; all but `uncalibrated` is with it.
  Calibration calibration;   ///< Its likelihood is `loss`.
  Calibration uncalibrated;  ///< At temperature 1.
  std::vector<std::string> class_names;
  std::vector<ClassMetrics> per_class;
  std::vector<std::vector<std::int64_t>> confusion;  ///< [true class][predicted class].
  std::vector<ConfusedPair> most_confused;           ///< All wrong pairs, most frequent first.
  std::vector<LabelledPrediction> mistakes;          ///< Most confident first.
  /// For each class, the right answers of which the network was least sure (at most 24).
  std::vector<std::vector<LabelledPrediction>> least_sure;
  SuspectedLabels suspected_labels;
};

/// Judges softmax(logits / temperature) of `logits` (float32 [N, num_classes], N ≥ 1) against
/// `labels` (N of them), one class name a column. The class with the largest logit is predicted; of
/// equal ones, the first.
/// Throws Error{kShapeMismatch} where the counts differ or there is nothing to judge,
/// Error{kBadData} where a label is out of range or a logit is not finite.
Evaluation evaluate_logits(const Tensor& logits, std::span<const std::int32_t> labels,
                           const std::vector<std::string>& class_names, double temperature = 1);

/// Wilson's score interval for `successes` of `trials` at 95 %; [0, 1] for no trials.
/// Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference",
/// JASA 22, 1927.
Interval wilson_interval_95(std::int64_t successes, std::int64_t trials);

/// Softmax of each row / temperature, in place: logits (float32 [N, num_classes]) to probabilities.
/// Throws Error{kBadData} where a logit is not finite.
void softmax_rows(Tensor& logits, double temperature = 1);

/// Runs the model over labelled images and compares its predictions with the labels.
/// Throws Error{kBadData} if the images have no labels, if their classes are not as many as the
/// model's, or if a label is of no class; Error{kShapeMismatch} if they are not of the model's
/// input shape, or if there are none.
Evaluation evaluate(const Classifier& classifier, const Dataset& data);
Evaluation evaluate(const Model& model, const Dataset& data);

/// The logits of `classifier`, which has to outlive the function.
LogitsOf logits_by(const Classifier& classifier);

}  // namespace digitry
