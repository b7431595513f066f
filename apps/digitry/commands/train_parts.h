#pragma once

#include <optional>
#include <string>

#include "apps/digitry/commands/evaluation_data.h"
#include "apps/digitry/commands/run_folder.h"
#include "digitry/data/dataset.h"
#include "digitry/data/split.h"
#include "digitry/model_io/model.h"
#include "digitry/training/recipe.h"

// What the training of one network and that of several have in common.

namespace digitry::app {

/// Holds a run to go on with. Throws Error{kInvalidArgument} where it is finished, and what
/// hold_run_folder throws.
HeldRun hold_unfinished(const std::string& out);

/// The labelled images that `recipe` trains on.
/// Throws Error{kInvalidArgument} where they could not be read again afterwards, to judge the model
/// or to go on after a crash; Error{kBadData} where they have no labels.
Dataset load_training_data(const Recipe& recipe);

/// What the trained model is to be judged on: loaded, and found to be fit for it, before the
/// training and not after hours of it. Nothing, with a warning, where there is nothing to judge by.
std::optional<JudgedImages> images_to_judge(const Recipe& recipe, const ValidationSplit& split,
                                            const Model& model);

}  // namespace digitry::app
