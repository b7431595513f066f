#pragma once

#include <span>
#include <string>
#include <vector>

#include "apps/digitry/judged_images.h"
#include "digitry/evaluation/evaluation.h"
#include "digitry/evaluation/logits_of.h"
#include "digitry/evaluation/nearest_images.h"
#include "digitry/model_io/classifier.h"
#include "digitry/model_io/model.h"

namespace digitry::app {

struct Judged {
  std::string split;
  std::string data_sha256;
  Evaluation evaluation;
  double seconds = 0;  ///< From pixels to logits.
};

/// What the model says it was trained on, else MNIST.
std::string training_data(const Model& model);

/// The answers of `classifier`, which has to outlive the function.
LogitsOf logits_by(const Classifier& classifier);

/// Runs the model over the images.
Judged judge(const Model& model, const JudgedImages& images);

/// The tables of `digitry evaluate` for a person: accuracy, classes, confusion matrix, mistakes;
/// the first of these with their nearest training images, as far as `nearest` has them.
std::string evaluation_text(const Judged& judged, std::size_t max_mistakes,
                            std::span<const std::vector<Neighbour>> nearest = {});

/// "4 #5512, 9 #173": labels and numbers.
std::string neighbours_text(const std::vector<Neighbour>& neighbours,
                            const std::vector<std::string>& class_names);

/// The confusion matrix alone; nothing for more classes than a terminal is wide.
std::string confusion_text(const Evaluation& evaluation);

/// "error 0.31 % (ECE), Brier score 0.0213; logits divided by 1.34, else error 0.90 %, loss 0.0560"
std::string calibration_text(const Evaluation& evaluation);

/// "98.42 % (95 % interval 98.16-98.65 %), 158 mistakes of 10,000"
std::string accuracy_text(const Evaluation& evaluation);

}  // namespace digitry::app
