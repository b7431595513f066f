#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "digitry/base/random.h"
#include "digitry/nn/network.h"

namespace digitry::test {

inline Options dense(std::int64_t out_features) {
  return {{"type", std::string("dense")}, {"out_features", out_features}};
}
inline Options dropout(double rate) { return {{"type", std::string("dropout")}, {"rate", rate}}; }
inline Options relu() { return {{"type", std::string("relu")}}; }
inline Options flatten() { return {{"type", std::string("flatten")}}; }

/// A network with initial weights and, unlike at a training's start, biases that are not zero.
inline Network random_network(Shape input_shape, std::int64_t num_classes,
                              const std::vector<Options>& layers, std::uint64_t seed = 1) {
  Network network(std::move(input_shape), num_classes, layers);
  network.initialize(seed);
  std::vector<Parameter> parameters;
  RandomStream random(seed, RandomPurpose::kTest);
  for (const Parameter& parameter : network.parameters()) {
    Tensor value = parameter.value.clone();
    if (parameter.name.ends_with(".bias"))
      for (float& bias : value.as<float>()) bias = 0.5F * random.next_normal();
    parameters.push_back({parameter.name, std::move(value)});
  }
  network.set_parameters(std::move(parameters));
  return network;
}

}  // namespace digitry::test
