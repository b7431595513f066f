#include "digitry/model_io/shipped_models.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "digitry/base/error.h"
#include "digitry_embedded/models.h"

namespace digitry {

std::vector<std::string> shipped_model_names() {
  std::vector<std::string> names;
  for (const auto& [name, bytes] : embedded::models()) names.push_back(name);
  return names;
}

bool is_shipped_model(const std::string& name) { return embedded::models().contains(name); }

Model shipped_model(const std::string& name) {
  if (!is_shipped_model(name))
    throw Error(ErrorCode::kBadData, "model '{}': none of the shipped ones: {}", name,
                fmt::join(shipped_model_names(), ", "));
  return model_from_bytes(embedded::models().at(name), name);
}

}  // namespace digitry
