#pragma once

#include <string>
#include <vector>

#include "digitry/serving/model_repository.h"

namespace digitry::app {

/// The models that a person means by the arguments of `digitry serve`, and their names: each is
/// NAME=MODEL, a shipped model (by its name), a model file (its name less the ending), the folder
/// of a run (the folder's name), or a folder of such.
/// Throws Error{kBadData} for a folder without a model, Error{kInvalidArgument} where a name cannot
/// be had from a path.
std::vector<serving::ModelSource> find_models(const std::vector<std::string>& arguments);

}  // namespace digitry::app
