#pragma once

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "digitry/nn/network.h"
#include "tests/support/networks.h"

// Reads the files that tests/golden/generate.py writes. Targets define DIGITRY_GOLDEN_FOLDER.

namespace digitry::test {

inline nlohmann::json read_golden(const std::string& name) {
  std::ifstream file(std::string(DIGITRY_GOLDEN_FOLDER) + "/" + name);
  return nlohmann::json::parse(file);
}

inline std::vector<float> floats(const nlohmann::json& list) {
  return list.get<std::vector<float>>();
}

/// A network of dense, ReLU and dense layers with the sizes and the weights of a golden file.
inline Network golden_mlp(const nlohmann::json& golden, const nlohmann::json& weights) {
  const std::int64_t in = golden["in_features"];
  const std::int64_t hidden = golden["hidden"];
  const std::int64_t classes = golden["num_classes"];
  Network network({in}, classes, {dense(hidden), relu(), dense(classes)});
  const std::vector<std::pair<std::string, Shape>> specs{{"0.weight", {hidden, in}},
                                                         {"0.bias", {hidden}},
                                                         {"2.weight", {classes, hidden}},
                                                         {"2.bias", {classes}}};
  std::vector<Parameter> parameters;
  for (std::size_t i = 0; i < specs.size(); ++i) {
    Tensor value(specs[i].second, DType::kF32);
    const auto from = floats(weights.at(i));
    if (from.size() != value.as<float>().size()) throw std::runtime_error("golden file: sizes");
    std::ranges::copy(from, value.as<float>().begin());
    parameters.push_back({specs[i].first, std::move(value)});
  }
  network.set_parameters(std::move(parameters));
  return network;
}

/// The layers of a golden file as in a recipe.
inline std::vector<Attributes> golden_layers(const nlohmann::json& layers) {
  const auto value = [](const nlohmann::json& from) -> AttributeValue {
    if (from.is_boolean()) return from.get<bool>();
    if (from.is_number_integer()) return from.get<std::int64_t>();
    if (from.is_number()) return from.get<double>();
    return from.get<std::string>();
  };
  std::vector<Attributes> all;
  for (const auto& layer : layers)
    for (Attributes& options = all.emplace_back(); const auto& [key, from] : layer.items())
      options[key] = value(from);
  return all;
}

/// Parameters by name, each with its shape and values.
inline std::vector<Parameter> golden_parameters(const nlohmann::json& by_name) {
  std::vector<Parameter> parameters;
  for (const auto& [name, from] : by_name.items()) {
    Tensor value(Shape(from.at("shape").get<std::vector<std::int64_t>>()), DType::kF32);
    const auto values = floats(from.at("values"));
    if (values.size() != value.as<float>().size()) throw std::runtime_error("golden file: sizes");
    std::ranges::copy(values, value.as<float>().begin());
    parameters.push_back({name, std::move(value)});
  }
  return parameters;
}

}  // namespace digitry::test
