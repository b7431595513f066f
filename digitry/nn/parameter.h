#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
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

/// All parameters of a network side by side in one array, each in the memory layout that its
/// layer's kernels want, and their gradients in a second array laid out alike. An optimizer so
/// updates everything in a single pass and need not know of layouts: padding inside a layout is
/// zero, has gradient zero, and stays zero.
///
/// Weights, the parameters of rank 2 and more, come first; biases, scales and the like, of rank 1,
/// follow them, so that what is for weights only (weight decay) is for a range.
class ParameterArena {
 public:
  explicit ParameterArena(bool with_gradients);
  ~ParameterArena();

  /// Every parameter's values, padding included.
  std::span<float> values();
  std::span<float> gradients();
  /// The first `num_weight_values()` entries of `values()` are weights. 0 before the first plan.
  std::size_t num_weight_values() const;

  /// Row-major values into the arena's layouts, by name. Expects exactly the bound names and
  /// shapes.
  void load(std::span<const Parameter> from, std::span<float> arena_values) const;
  void load(std::span<const Parameter> from) {
    load(from, values());
    ++version_;
  }
  /// Changes with every load of the values, but not where they are changed in place.
  std::int64_t version() const { return version_; }
  /// The reverse, of an array laid out like `values()` (the values, or an optimizer's state).
  std::vector<Parameter> store(std::span<const float> arena_values) const;

  /// Where each parameter lies: parameter_slots.h, for plans.
  class Slots;
  Slots& slots() { return *slots_; }

 private:
  std::unique_ptr<Slots> slots_;
  std::int64_t version_ = 0;
};

}  // namespace digitry
