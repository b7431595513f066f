#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "digitry/data/dataset.h"
#include "digitry/evaluation/evaluate.h"
#include "digitry/model_io/model.h"

// Which images a model is evaluated on, and which it was trained on. A model remembers the name and
// the hash of its training data, and its recipe, which tells the images set aside for validation.

namespace digitry {

/// The splits that a model can be evaluated on.
inline const std::vector<std::string> kSplitNames{"train", "validation", "test"};

struct EvaluationData {
  std::string split;  ///< One of `kSplitNames`.
  Dataset data;       ///< Labelled; its classes are the model's, in the model's order.
};

/// Loads images of `data` to evaluate a model on.
///
/// If the model was trained on these data (their hash tells), "train" and "validation" are the
/// parts that the training used as such; other data are taken whole and have no "validation". An
/// empty `split` means the most honest one available: "test" if the data have a labelled test
/// split, else the validation part of the model's own data, else all of them.
///
/// Classes are matched by name. If the data number their classes and the model names them
/// otherwise, the numbers are indices into the model's list. Throws Error{kBadData} if there is no
/// such split, if the images have no labels, were all trained on or are not of the model's input
/// shape, or if one of their classes is none of the model's.
EvaluationData load_evaluation_data(const std::string& data, const std::string& split,
                                    const Model& model);

/// The split that a model trained on `data` is evaluated on: "test" if the data have a labelled
/// test split, else "validation".
std::string final_split(const std::string& data);

/// The name of the data that the model was trained on; "mnist" if the model does not know.
std::string training_data_name(const Model& model);

/// An evaluation, and of what.
struct EvaluationResult {
  std::string split;
  std::string data_sha256;
  Evaluation evaluation;
  double seconds = 0;  ///< From pixels to logits, planning included.
};

/// Runs the model over the images. Throws what `evaluate(Model, Dataset)` throws.
EvaluationResult evaluate(const Model& model, const EvaluationData& images);

/// The images that a model was trained on, if they are available.
struct TrainingImages {
  std::shared_ptr<const Dataset> data;  ///< Null if they are not available.
  std::vector<std::int32_t> indices;    ///< Without those set aside for validation.
  std::string absence;                  ///< Why they are not available: a clause.
};

/// Loads the data that the model names as its training data, and checks that they are still the
/// same. Missing data are not an error.
TrainingImages find_training_images(const Model& model);

}  // namespace digitry
