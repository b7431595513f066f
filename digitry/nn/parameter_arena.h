#pragma once

#include <cstddef>
#include <dnnl.hpp>
#include <span>
#include <string>
#include <vector>

#include "digitry/nn/parameter.h"
#include "digitry/tensor/tensor.h"

namespace digitry {

/// All parameters of a network side by side in one array, each in the memory layout that its
/// layer's kernels want, and their gradients in a second array laid out alike. An optimizer so
/// updates everything in a single pass and need not know of layouts: padding inside a layout is
/// zero, has gradient zero, and stays zero.
///
/// Weights, the parameters of rank 2 and more, come first; biases, scales and the like, of rank 1,
/// follow them, so that what is for weights only (weight decay) is for a range.
///
/// The first plan over an arena decides the layouts (`bind`, then `allocate`); later plans, for
/// other batch sizes, find them decided.
class ParameterArena {
 public:
  struct Bound {
    dnnl::memory value;
    dnnl::memory gradient;  ///< Empty in an arena without gradients.
  };

  explicit ParameterArena(bool with_gradients) : with_gradients_(with_gradients) {}

  /// The memory of one parameter: as an earlier plan laid it out or, the first time, as
  /// `preferred`, a layout of float32 whose extents have the same row-major order as `shape`.
  /// Throws Error{kShapeMismatch} where the earlier plans' network had none of this name and shape.
  Bound bind(const std::string& name, const Shape& shape, const dnnl::memory::desc& preferred);
  /// Gives memory to what was bound. Does nothing the second time.
  void allocate();

  /// Every parameter's values, padding included.
  std::span<float> values() { return values_.as<float>(); }
  std::span<float> gradients() { return gradients_.as<float>(); }
  /// So many of `values()`, the first ones, are weights. 0 before `allocate`.
  std::size_t num_weight_values() const { return num_weight_values_; }

  /// Row-major values into the arena's layouts, by name. Wants exactly the bound names and shapes.
  void load(std::span<const Parameter> from, std::span<float> arena_values) const;
  void load(std::span<const Parameter> from) {
    load(from, values());
    ++version_;
  }
  /// Changes with every load of the values, but not where they are changed in place.
  std::int64_t version() const { return version_; }
  /// The reverse, of an array laid out like `values()` (the values, or an optimizer's state).
  std::vector<Parameter> store(std::span<const float> arena_values) const;

 private:
  struct Slot {
    std::string name;
    Shape shape;
    dnnl::memory::desc layout;
    std::size_t offset;  // In floats; `allocate` decides.
    Bound bound;
  };
  const Slot& find(const std::string& name) const;

  bool with_gradients_;
  std::vector<Slot> slots_;
  std::size_t num_weight_values_ = 0;
  std::int64_t version_ = 0;
  Tensor values_;
  Tensor gradients_;
};

}  // namespace digitry
