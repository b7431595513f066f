#pragma once

#include <string>
#include <vector>

#include "digitry/model_io/model.h"

namespace digitry {

/// The trained models that are part of the library, of `models/` in its source, named after
/// their recipes: "cnn-best", which reads MNIST best, and "tiny", which is smallest.
std::vector<std::string> shipped_model_names();

bool is_shipped_model(const std::string& name);

/// Throws Error{kBadData} naming those there are, where `name` is none of them.
Model shipped_model(const std::string& name);

/// The one that classifies where nobody names another.
inline constexpr const char* kDefaultModel = "cnn-best";

}  // namespace digitry
