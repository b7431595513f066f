#pragma once

#include "digitry/data/dataset.h"
#include "digitry/evaluation/evaluation.h"
#include "digitry/evaluation/logits_of.h"
#include "digitry/model_io/classifier.h"
#include "digitry/model_io/model.h"

namespace digitry {

/// Runs the model over labelled images and compares its predictions with the labels.
/// Throws Error{kBadData} if the images have no labels, if their classes are not as many as the
/// model's, or if a label is of no class; Error{kShapeMismatch} if they are not of the model's
/// input shape, or if there are none.
Evaluation evaluate(const Classifier& classifier, const Dataset& data);
Evaluation evaluate(const Model& model, const Dataset& data);

/// The logits of `classifier`, which has to outlive the function.
LogitsOf logits_by(const Classifier& classifier);

}  // namespace digitry
