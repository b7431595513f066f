#pragma once

#include "digitry/model_io/safetensors.h"
#include "digitry/nn/network.h"
#include "tests/support/near.h"

namespace digitry::test {

inline bool same_weights(const Network& a, const Network& b) {
  for (std::size_t i = 0; i < a.parameters().size(); ++i)
    if (!same_bits(a.parameters()[i].value.as<float>(), b.parameters()[i].value.as<float>()))
      return false;
  return a.parameters().size() == b.parameters().size();
}

inline Checkpoint copy_of(const Checkpoint& checkpoint) {
  Checkpoint copy{.progress = checkpoint.progress, .groups = {}};
  for (const auto& [name, parameters] : checkpoint.groups)
    copy.groups[name] = digitry::copy_of(parameters);
  return copy;
}

}  // namespace digitry::test
