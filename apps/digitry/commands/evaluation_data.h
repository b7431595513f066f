#pragma once

#include <span>
#include <string>
#include <vector>

#include "digitry/data/dataset.h"
#include "digitry/evaluation/evaluate.h"
#include "digitry/evaluation/nearest_images.h"
#include "digitry/evaluation/robustness.h"
#include "digitry/model_io/model.h"

namespace digitry::app {

struct JudgedImages {
  std::string split;  ///< One of `kSplitNames`.
  Dataset data;       ///< Labelled; its classes are the model's, in the model's order.
};

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

/// Runs the model over the images as they are and under each corruption, with a progress bar.
Robustness judge_corrupted(const Model& model, const JudgedImages& images,
                           const std::vector<Corruption>& corruptions, std::uint64_t seed);

/// The table of `digitry evaluate --corrupt` for a person.
std::string robustness_text(const Robustness& robustness, const std::string& split);

/// What a model can be judged on.
inline const std::vector<std::string> kSplitNames{"train", "validation", "test"};

/// The images of `data` to judge a model on.
///
/// Of the data that the model was trained on (their hash tells), "train" and "validation" are what
/// the training used as such, as the model's recipe and seed tell; other data are taken whole and
/// have no "validation". An empty `split` stands for the most honest one that there is: "test"
/// where the data have a labelled one, else the validation part of the model's own data, else all
/// of them.
///
/// Classes are matched by name. Where the data have no names but only numbers, and the model's
/// classes are not called by numbers, the numbers are places in the model's list.
/// Throws Error{kBadData} where there is no such split, the images have no labels or were all
/// trained on, they are of another size than the model's, or one of their classes is none of the
/// model's.
JudgedImages load_judged(const std::string& data, const std::string& split, const Model& model);

/// The split that a model trained on `data` is judged on at last: "test" where the data have one
/// with labels, else "validation".
std::string final_split(const std::string& data);

}  // namespace digitry::app
