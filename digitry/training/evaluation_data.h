#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "digitry/data/dataset.h"
#include "digitry/evaluation/evaluate.h"
#include "digitry/model_io/model.h"

// Finds the images that a model is evaluated on, and those that it was trained on. A model contains
// the name and the hash of its training data, and its recipe, which determines the images set aside
// for validation.

namespace digitry {

/// The splits that a model can be evaluated on.
inline const std::vector<std::string> kSplitNames{"train", "validation", "test"};

struct EvaluationData {
  std::string split;  ///< One of `kSplitNames`.
  Dataset data;       ///< Labelled, with the classes of the model in the order of the model.
};

/// Loads images of `data` to evaluate a model on.
///
/// If the hash shows that the model was trained on these data, "train" and "validation" are the
/// parts that the training used as such. Other data have a "validation" only if it is a split of
/// their own. An empty `split` selects the best available one: "test" if the data have a labelled
/// test split, else the validation part if the model was trained on these data, else all images.
///
/// Image files are brought to the model's input size, and all images to its channels. `label_from`
/// is that of the model's recipe if `data` are those it was trained on.
///
/// Classes are matched by name. If the class names of the data are the numbers 0, 1, 2... and the
/// model has other names, the numbers are indices into the model's class names.
/// Throws Error{kBadData} if there is no such split, if the images have no labels, were all used
/// for training or do not have the model's input shape, or if the model lacks one of their classes.
EvaluationData load_evaluation_data(const std::string& data, const std::string& split,
                                    const Model& model, LabelFrom label_from = LabelFrom::kFolder);

/// The split that a model trained on `data` is evaluated on: "test" if the data have a labelled
/// test split, else "validation".
std::string final_split(const std::string& data, const LoadOptions& options = {});

/// The name of the data that the model was trained on; "mnist" if the model does not contain it.
std::string training_data_name(const Model& model);

/// How images are read for the model: at its input size, and in colour if it has three channels.
LoadOptions input_options(const Model& model);

/// An evaluation, and the images that it is for.
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
  std::string absence;                  ///< Why they are not available: a clause to follow a colon.
};

/// Loads the training data that the model names, and checks their hash. Missing data are not an
/// error: `absence` gives the reason.
TrainingImages find_training_images(const Model& model);

}  // namespace digitry
