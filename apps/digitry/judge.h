#pragma once

#include <string>
#include <vector>

#include "digitry/data/dataset.h"
#include "digitry/evaluation/evaluation.h"
#include "digitry/model_io/model.h"

namespace digitry::app {

/// What a model can be judged on.
inline const std::vector<std::string> kSplitNames{"train", "validation", "test"};

/// The images of `split` of a data set. "train" and "validation" are what the model's own training
/// used as such, as its recipe and seed tell. Throws Error{kBadData} where the data set has no such
/// split or the images are not the model's.
Dataset load_judged(const std::string& data, const std::string& split, const Model& model);

/// The split that a model trained on `data` is judged on at last: "test" where the data set has
/// one, else "validation".
std::string final_split(const std::string& data);

struct Judged {
  Evaluation evaluation;
  double seconds = 0;  ///< From pixels to logits.
};

/// Runs the model over labelled images.
Judged judge(const Model& model, const Dataset& data);

/// The tables of `digitry evaluate` for a person: accuracy, classes, confusion matrix, mistakes.
std::string evaluation_text(const Evaluation& evaluation, const std::string& split,
                            std::size_t max_mistakes);

/// "98.42 % (95 % interval 98.16-98.65 %), 158 mistakes of 10,000"
std::string accuracy_text(const Evaluation& evaluation);

}  // namespace digitry::app
