#include "digitry/tensor/shape.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

#include "digitry/base/error.h"

namespace digitry {

Shape::Shape(std::vector<std::int64_t> extents) : extents_(std::move(extents)) {
  for (const std::int64_t extent : extents_) {
    if (extent < 0)
      throw Error(ErrorCode::kShapeMismatch, "Shape: want extents >= 0, got {}", to_string());
    if (__builtin_mul_overflow(num_elements_, extent, &num_elements_))
      throw Error(ErrorCode::kShapeMismatch, "Shape: {} has too many elements", to_string());
  }
}

Shape Shape::with_batch(std::int64_t batch_size) const {
  std::vector<std::int64_t> extents{batch_size};
  extents.insert(extents.end(), extents_.begin(), extents_.end());
  return Shape(std::move(extents));
}

Shape Shape::without_batch() const {
  return Shape(
      std::vector<std::int64_t>(extents_.begin() + (extents_.empty() ? 0 : 1), extents_.end()));
}

std::string Shape::to_string() const { return fmt::format("[{}]", fmt::join(extents_, ",")); }

}  // namespace digitry
