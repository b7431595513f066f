#include "digitry/nn/parameter.h"

namespace digitry {

std::vector<Parameter> copy_of(std::span<const Parameter> parameters) {
  std::vector<Parameter> copies;
  for (const Parameter& parameter : parameters)
    copies.push_back({parameter.name, parameter.value.clone()});
  return copies;
}

}  // namespace digitry
