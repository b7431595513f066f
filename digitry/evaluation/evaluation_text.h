#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "digitry/evaluation/evaluate.h"

// An evaluation as tables for a terminal, in UTF-8. Each line ends in a newline, and control
// characters in class names are replaced.

namespace digitry {

/// "98.42 % (95 % interval 98.16-98.65 %), 158 mistakes of 10,000"
std::string accuracy_text(const Evaluation& evaluation);

/// "error 0.31 % (ECE), Brier score 0.0213; logits divided by 1.34, else error 0.90 %, loss 0.0560"
std::string calibration_text(const Evaluation& evaluation);

/// Three lines: accuracy and loss, named after the split that was evaluated, and calibration.
std::string summary_text(const Evaluation& evaluation, const std::string& split = "test");

/// Precision, recall, F1 and number of images of each class.
std::string class_table_text(const Evaluation& evaluation);

/// The confusion matrix; empty if there are too many classes for the width of a terminal.
std::string confusion_text(const Evaluation& evaluation);

/// "4 #5512, 9 #173": class names and image indices.
std::string neighbours_text(const std::vector<Neighbour>& neighbours,
                            const std::vector<std::string>& class_names);

/// The most confused classes and at most `max_mistakes` mistakes, with their nearest training
/// images if `nearest` has a list for them.
std::string mistakes_text(const Evaluation& evaluation, std::size_t max_mistakes,
                          std::span<const std::vector<Neighbour>> nearest = {});

/// At most `most` suspected label errors.
std::string suspected_labels_text(const Evaluation& evaluation, std::size_t most);

/// All of these tables, in this order, with at most `max_mistakes` mistakes and suspected labels.
std::string to_text(const Evaluation& evaluation, const std::string& split,
                    std::size_t max_mistakes, std::span<const std::vector<Neighbour>> nearest = {});

/// The JSON that `digitry evaluate --json` prints and that metrics.json of a run contains as
/// "evaluation": every figure of `evaluation` as one object in UTF-8. Each class, row of the
/// confusion matrix, confused pair and mistake is on a line of its own:
///   num_images, num_correct, accuracy, accuracy_95 [low, high], loss,
///   expected_calibration_error, brier_score, temperature,
///   uncalibrated {loss, expected_calibration_error, brier_score} at temperature 1,
///   reliability [{low, high, num_images, confidence, accuracy}],
///   per_class [{class, precision, recall, f1, support}],
///   confusion [[count of each predicted class] of each true class],
///   most_confused [{label, predicted, count, label_name, predicted_name}],
///   mistakes [{image_index, label, predicted, probability, label_probability, label_name,
///   predicted_name, source if the images are files}],
///   num_confident_label_errors,
///   suspected_labels, like mistakes, most suspicious first.
/// `label` and `predicted` are indices into `per_class`, and the names those of the classes. A
/// mistake for which `nearest` has a list also has the member nearest [{image_index, label,
/// distance}].
std::string to_json(const Evaluation& evaluation,
                    std::span<const std::vector<Neighbour>> nearest = {});

}  // namespace digitry
