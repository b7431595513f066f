#pragma once

#include "digitry/evaluation/logits_of.h"
#include "digitry/model_io/model.h"
#include "digitry/vision/reader.h"

namespace digitry::app {

/// The model as `read_digits` asks it: with scores, and known from its refusal threshold on. Keeps
/// a copy of the parameters. Not for several threads at once. Throws Error{kBadData} where the
/// model is not one of 28×28 grey images.
DigitJudge make_digit_judge(const Model& model);

/// The same by logits of that model that come from elsewhere; for as many threads as `logits_of`
/// is.
DigitJudge make_digit_judge(const Model& model, LogitsOf logits_of);

}  // namespace digitry::app
