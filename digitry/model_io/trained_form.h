#pragma once

#include <string>

#include "digitry/model_io/model.h"

namespace digitry {

/// The form of the images that a model was trained on, and so of those that it expects: "mnist",
/// "light on dark" or "as found" (`SetForm::name`), from the provenance; "mnist" if it is unknown.
std::string trained_form(const Model& model);

/// Whether images are to be brought to light on dark for the model: all but "as found".
bool expects_light_on_dark(const Model& model);

}  // namespace digitry
