#pragma once

#include <string>
#include <vector>

#include "digitry/data/dataset.h"
#include "digitry/model_io/model.h"

namespace digitry::app {

/// What a model can be judged on.
inline const std::vector<std::string> kSplitNames{"train", "validation", "test"};

struct JudgedImages {
  std::string split;  ///< One of `kSplitNames`.
  Dataset data;       ///< Labelled; its classes are the model's, in the model's order.
};

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
