#pragma once

#include <functional>
#include <vector>

#include "digitry/evaluation/logits_of.h"
#include "digitry/model_io/model.h"
#include "digitry/vision/reader.h"

namespace digitry::app {

/// How familiar images are to a model: N numbers from 0 to 1 for uint8 [N, 1, 28, 28].
using FamiliarityOf = std::function<std::vector<double>(const Tensor& images)>;

/// The model as `read_digits` asks it: with scores, and known from its refusal threshold on. Keeps
/// a copy of the parameters. Not for several threads at once. Throws Error{kBadData} where the
/// model is not one of 28×28 grey images.
DigitJudge make_digit_judge(const Model& model);

/// The same by answers of that model that come from elsewhere; for as many threads as they are.
DigitJudge make_digit_judge(const Model& model, LogitsOf logits_of, FamiliarityOf familiarity_of);

}  // namespace digitry::app
