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

/// Where each parameter lies in a ParameterArena. Internal: only plans use it.
///
/// The first plan over an arena decides the layouts (`bind`, then `allocate`); later plans, for
/// other batch sizes, find them decided.
class ParameterArena::Slots {
 public:
  struct Slot {
    std::string name;
    Shape shape;
    onednn::Layout layout;
    std::size_t offset;  // In floats; `allocate` decides.
    BoundParameter bound;
  };

  explicit Slots(bool with_gradients) : with_gradients_(with_gradients) {}

  /// The memory of one parameter: as an earlier plan laid it out or, the first time, as
  /// `preferred`, a layout of float32 whose extents have the same row-major order as `shape`.
  /// Throws Error{kShapeMismatch} if the earlier plans' network had none of this name and shape.
  BoundParameter bind(const std::string& name, const Shape& shape, const onednn::Layout& preferred);
  /// Gives memory to what was bound. Does nothing the second time.
  void allocate();

  /// Throws Error{kShapeMismatch} if there is none of this name.
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
