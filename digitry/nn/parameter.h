#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "digitry/tensor/tensor.h"

namespace digitry {

/// How the initial values of a parameter are set.
enum class Initializer {
  kZero,
  kOne,
  kHeNormal,  ///< Normal, variance 2 / fan_in: He et al. 2015, "Delving deep into rectifiers".
};

/// Description of a parameter of a layer.
struct ParameterSpec {
  std::string name;  ///< Within the layer: "weight", "bias".
  Shape shape;
  Initializer initializer = Initializer::kZero;
  std::int64_t fan_in = 1;  ///< Inputs that each output sums over.
  /// Whether an optimizer updates it. Running statistics are stored as parameters that are not
  /// trainable; their gradient is always zero.
  bool trainable = true;
};

/// A named parameter with its values, float32, row-major.
struct Parameter {
  std::string name;  ///< Within the network: "1.weight", where 1 is the layer's index.
  Tensor value;
};

/// Copies that share no memory with `parameters`.
std::vector<Parameter> copy_of(std::span<const Parameter> parameters);

/// All parameters of a network in one array, each in the memory layout that its layer's kernels
/// use, and their gradients in a second array with the same layouts. An optimizer updates
/// everything in a single pass and can ignore layouts: padding inside a layout is zero, has
/// gradient zero, and stays zero.
///
/// Weights (parameters of rank 2 or more) come first; biases, scales and other parameters of rank 1
/// follow. What applies to weights only, such as weight decay, applies to the first
/// `num_weight_values()` values.
class ParameterArena {
 public:
  explicit ParameterArena(bool with_gradients);
  ~ParameterArena();

  /// Every parameter's values, padding included.
  std::span<float> values();
  std::span<float> gradients();
  /// The first `num_weight_values()` entries of `values()` are weights. 0 before the first plan.
  std::size_t num_weight_values() const;

  /// Copies row-major values by name into `arena_values`, in the arena's layouts. Throws
  /// Error{kShapeMismatch} if names or shapes differ from the arena's.
  void load(std::span<const Parameter> from, std::span<float> arena_values) const;
  void load(std::span<const Parameter> from) {
    load(from, values());
    ++version_;
  }
  /// The memory of the parameter `name` in an array laid out like `values()`, with the padding
  /// inside its layout. Throws Error{kShapeMismatch} if there is no such parameter.
  std::span<float> part(std::span<float> arena_values, const std::string& name) const;
  /// Changes with every load of the values, but not if they are changed in place.
  std::int64_t version() const { return version_; }
  /// The reverse of `load`: row-major copies of an array laid out like `values()` (the values, or
  /// an optimizer's state).
  std::vector<Parameter> store(std::span<const float> arena_values) const;

  /// The memory of each parameter, for plans: parameter_slots.h.
  class Slots;
  Slots& slots() { return *slots_; }

 private:
  std::unique_ptr<Slots> slots_;
  std::int64_t version_ = 0;
};

}  // namespace digitry
