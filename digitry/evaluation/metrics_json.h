#pragma once

#include <span>
#include <string>
#include <vector>

#include "digitry/evaluation/evaluation.h"
#include "digitry/evaluation/nearest_images.h"

namespace digitry {

/// What `digitry evaluate --json` prints and a run's metrics.json holds as "evaluation": every
/// figure of `evaluation` as one JSON object, UTF-8, a line for each class, row of the confusion
/// matrix, confused pair and mistake:
///   num_images, num_correct, accuracy, accuracy_95 [low, high], loss,
///   expected_calibration_error, brier_score, temperature,
///   uncalibrated {loss, expected_calibration_error, brier_score} at temperature 1,
///   reliability [{low, high, num_images, confidence, accuracy}],
///   per_class [{class, precision, recall, f1, support}],
///   confusion [[count of each predicted class] of each true class],
///   most_confused [{label, predicted, count}],
///   mistakes [{image_index, label, predicted, probability, label_probability}],
///   num_confident_label_errors,
///   suspected_labels, like mistakes, most suspicious first.
/// `label` and `predicted` are indices into `per_class`. Each mistake for which `nearest` has a
/// list has that too: nearest [{image_index, label, distance}].
std::string to_json(const Evaluation& evaluation,
                    std::span<const std::vector<Neighbour>> nearest = {});

}  // namespace digitry
