#include "digitry/model_io/shipped_models.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>
#include <string_view>

#include "digitry/base/error.h"
#include "digitry_embedded/models.h"

namespace digitry {
namespace {

const std::map<std::string, std::string_view>& shipped() {
  static const std::map<std::string, std::string_view> models = embedded::models();
  return models;
}

}  // namespace

std::vector<std::string> shipped_model_names() {
  std::vector<std::string> names;
  for (const auto& [name, bytes] : shipped()) names.push_back(name);
  return names;
}

bool is_shipped_model(const std::string& name) { return shipped().contains(name); }

Model shipped_model(const std::string& name) {
  if (!is_shipped_model(name))
    throw Error(ErrorCode::kBadData, "model '{}': none of the shipped ones: {}", name,
                fmt::format("{}", fmt::join(shipped_model_names(), ", ")));
  return model_from_bytes(shipped().at(name), name);
}

}  // namespace digitry
