#include "digitry/tensor/tensor.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

#include "digitry/base/error.h"

namespace digitry {

Shape::Shape(std::vector<std::int64_t> extents) : extents_(std::move(extents)) {
  for (const std::int64_t extent : extents_) {
    if (extent < 0)
      throw Error(ErrorCode::kShapeMismatch, "Shape: expected extents of at least 0, got {}",
                  to_string());
    if (__builtin_mul_overflow(num_elements_, extent, &num_elements_))
      throw Error(ErrorCode::kShapeMismatch, "Shape: expected at most 2^63 - 1 elements, got {}",
                  to_string());
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

namespace {

constexpr std::size_t kAlignment = 64;

std::size_t checked_bytes(const Shape& shape, DType dtype) {
  std::size_t bytes = 0;
  if (__builtin_mul_overflow(static_cast<std::size_t>(shape.num_elements()), size_of(dtype),
                             &bytes) ||
      bytes > SIZE_MAX - kAlignment)
    throw Error(ErrorCode::kShapeMismatch, "Tensor: expected a shape that fits into memory, got {}",
                shape.to_string());
  return bytes;
}

}  // namespace

std::size_t size_of(DType dtype) { return dtype == DType::kF32 ? sizeof(float) : 1; }

const char* to_string(DType dtype) { return dtype == DType::kF32 ? "f32" : "u8"; }

Tensor::Tensor(Shape shape, DType dtype) : shape_(std::move(shape)), dtype_(dtype) {
  const std::size_t bytes = checked_bytes(shape_, dtype_);
  const std::size_t padded = (bytes + kAlignment - 1) / kAlignment * kAlignment;
  auto* memory =
      static_cast<std::byte*>(std::aligned_alloc(kAlignment, padded ? padded : kAlignment));
  if (memory == nullptr) throw std::bad_alloc();
  std::memset(memory, 0, padded);
  data_ = memory;
}

Tensor Tensor::view(Shape shape, DType dtype, const void* data) {
  checked_bytes(shape, dtype);
  Tensor tensor;
  if (data == nullptr) return tensor;
  tensor.shape_ = std::move(shape);
  tensor.dtype_ = dtype;
  tensor.data_ = static_cast<std::byte*>(const_cast<void*>(data));
  tensor.owns_ = false;
  return tensor;
}

Tensor::Tensor(Tensor&& other) noexcept
    : shape_(std::move(other.shape_)),
      dtype_(other.dtype_),
      data_(std::exchange(other.data_, nullptr)),
      owns_(other.owns_) {}

Tensor& Tensor::operator=(Tensor&& other) noexcept {
  Tensor taken(std::move(other));
  std::swap(shape_, taken.shape_);
  std::swap(dtype_, taken.dtype_);
  std::swap(data_, taken.data_);
  std::swap(owns_, taken.owns_);
  return *this;
}

Tensor::~Tensor() {
  if (owns_) std::free(data_);
}

std::size_t Tensor::num_bytes() const {
  return empty() ? 0 : static_cast<std::size_t>(num_elements()) * size_of(dtype_);
}

void Tensor::check_type(DType expected) const {
  if (expected != dtype_)
    throw Error(ErrorCode::kInvalidArgument, "Tensor: expected elements of type {}, found {}",
                to_string(expected), to_string(dtype_));
}

template <>
std::span<float> Tensor::as<float>() {
  check_type(DType::kF32);
  return {reinterpret_cast<float*>(data_), static_cast<std::size_t>(num_elements())};
}
template <>
std::span<const float> Tensor::as<float>() const {
  check_type(DType::kF32);
  return {reinterpret_cast<const float*>(data_), static_cast<std::size_t>(num_elements())};
}
template <>
std::span<std::uint8_t> Tensor::as<std::uint8_t>() {
  check_type(DType::kU8);
  return {reinterpret_cast<std::uint8_t*>(data_), static_cast<std::size_t>(num_elements())};
}
template <>
std::span<const std::uint8_t> Tensor::as<std::uint8_t>() const {
  check_type(DType::kU8);
  return {reinterpret_cast<const std::uint8_t*>(data_), static_cast<std::size_t>(num_elements())};
}

Tensor Tensor::clone() const {
  if (empty()) return {};
  Tensor copy(shape_, dtype_);
  std::memcpy(copy.data(), data(), num_bytes());
  return copy;
}

Tensor Tensor::take(std::span<const std::int32_t> indices) const {
  const Shape each = shape_.without_batch();
  Tensor taken(each.with_batch(std::ssize(indices)), dtype_);
  const std::size_t size = static_cast<std::size_t>(each.num_elements()) * size_of(dtype_);
  std::byte* to = taken.data();
  for (const std::int32_t index : indices) {
    std::memcpy(to, data() + static_cast<std::size_t>(index) * size, size);
    to += size;
  }
  return taken;
}

}  // namespace digitry
