#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "digitry/nn/onednn/primitive.h"
#include "digitry/nn/parameter.h"

namespace digitry {

/// The memory of one parameter.
struct BoundParameter {
  dnnl::memory value;
  dnnl::memory gradient;  ///< Empty in an arena without gradients.
};

/// The memory and layout of each parameter in a ParameterArena. Internal: only plans use it.
///
/// The first plan over an arena chooses the layouts (`bind`, then `allocate`). Later plans, for
/// other batch sizes, use the same layouts.
class ParameterArena::Slots {
 public:
  struct Slot {
    std::string name;
    Shape shape;
    onednn::Layout layout;
    std::size_t offset;  // In floats; set by `allocate`.
    BoundParameter bound;
  };

  explicit Slots(bool with_gradients) : with_gradients_(with_gradients) {}

  /// The memory of one parameter. The first call for `name` sets its layout to `preferred`, which
  /// is float32 with extents in the same row-major order as `shape`; later calls return that
  /// memory.
  /// Throws Error{kShapeMismatch} if the earlier plans have no parameter with this name and shape.
  BoundParameter bind(const std::string& name, const Shape& shape, const onednn::Layout& preferred);
  /// Allocates memory for all bound parameters. Further calls do nothing.
  void allocate();

  /// Throws Error{kShapeMismatch} if no parameter has this name.
  const Slot& find(const std::string& name) const;
  std::span<const Slot> all() const { return slots_; }

  std::span<float> values() { return values_.as<float>(); }
  std::span<float> gradients() { return gradients_.as<float>(); }
  std::size_t num_weight_values() const { return num_weight_values_; }

 private:
  bool with_gradients_;
  std::vector<Slot> slots_;
  std::size_t num_weight_values_ = 0;
  Tensor values_;
  Tensor gradients_;
};

}  // namespace digitry
