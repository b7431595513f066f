#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

namespace digitry {

/// The extent of each dimension, outermost first, e.g. [N, C, H, W]. Extents are at least 0.
class Shape {
 public:
  Shape() = default;
  Shape(std::initializer_list<std::int64_t> extents) : Shape(std::vector<std::int64_t>(extents)) {}
  /// Throws Error{kShapeMismatch} where an extent is negative or the number of elements overflows.
  explicit Shape(std::vector<std::int64_t> extents);

  std::size_t rank() const { return extents_.size(); }
  std::int64_t operator[](std::size_t dimension) const { return extents_[dimension]; }
  const std::vector<std::int64_t>& extents() const { return extents_; }

  /// Product of the extents; 1 for rank 0.
  std::int64_t num_elements() const { return num_elements_; }

  /// This shape behind one more, outer dimension: [C, H, W].with_batch(N) is [N, C, H, W].
  Shape with_batch(std::int64_t batch_size) const;
  /// This shape less its outermost dimension.
  Shape without_batch() const;

  bool operator==(const Shape&) const = default;

  /// E.g. "[128,1,28,28]".
  std::string to_string() const;

 private:
  std::vector<std::int64_t> extents_;
  std::int64_t num_elements_ = 1;
};

}  // namespace digitry
