#pragma once

#include <span>
#include <string>
#include <vector>

#include "apps/digitry/judged_images.h"
#include "digitry/evaluation/evaluation.h"
#include "digitry/evaluation/nearest_images.h"
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

/// Runs the model over the images.
Judged judge(const Model& model, const JudgedImages& images);

/// The tables of `digitry evaluate` for a person: accuracy, classes, confusion matrix, mistakes;
/// the first of these with their nearest training images, as far as `nearest` has them.
std::string evaluation_text(const Judged& judged, std::size_t max_mistakes,
                            std::span<const std::vector<Neighbour>> nearest = {});

}  // namespace digitry::app
