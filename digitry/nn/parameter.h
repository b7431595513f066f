#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "digitry/tensor/tensor.h"

namespace digitry {

/// How a parameter's first values are drawn.
enum class Initializer {
  kZero,
  kOne,
  kHeNormal,  ///< Normal, variance 2 / fan_in: He et al. 2015, "Delving deep into rectifiers".
};

/// A parameter that a layer wants.
struct ParameterSpec {
  std::string name;  ///< Within the layer: "weight", "bias".
  Shape shape;
  Initializer initializer = Initializer::kZero;
  std::int64_t fan_in = 1;  ///< Inputs that each output sums over.
  /// Whether an optimizer moves it. Running statistics are kept with the parameters, but their
  /// gradient is always zero.
  bool trainable = true;
};

/// A named parameter with its values, float32, row-major.
struct Parameter {
  std::string name;  ///< Within the network: "1.weight", where 1 is the layer's index.
  Tensor value;
};

std::vector<Parameter> copy_of(std::span<const Parameter> parameters);

}  // namespace digitry
