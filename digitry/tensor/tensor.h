#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <vector>

namespace digitry {

/// The extents of the dimensions, outermost first, e.g. [N, C, H, W]. Extents are at least 0.
class Shape {
 public:
  Shape() = default;
  /// Both throw Error{kShapeMismatch} if an extent is negative or the number of elements overflows.
  Shape(std::initializer_list<std::int64_t> extents) : Shape(std::vector<std::int64_t>(extents)) {}
  explicit Shape(std::vector<std::int64_t> extents);

  std::size_t rank() const { return extents_.size(); }
  std::int64_t operator[](std::size_t dimension) const { return extents_[dimension]; }
  const std::vector<std::int64_t>& extents() const { return extents_; }

  /// The product of the extents; 1 for rank 0.
  std::int64_t num_elements() const { return num_elements_; }

  /// This shape with an additional outermost dimension: [C, H, W].with_batch(N) is [N, C, H, W].
  Shape with_batch(std::int64_t batch_size) const;
  /// This shape without its outermost dimension.
  Shape without_batch() const;

  bool operator==(const Shape&) const = default;

  /// E.g. "[128,1,28,28]".
  std::string to_string() const;

 private:
  std::vector<std::int64_t> extents_;
  std::int64_t num_elements_ = 1;
};

enum class DType { kF32, kU8 };

/// The size of one element in bytes.
std::size_t size_of(DType dtype);

/// "f32" or "u8".
const char* to_string(DType dtype);

/// A dense row-major array that owns its memory, aligned to 64 bytes (a cache line, an AVX-512
/// register). Elements are initialized to zero. Movable; `clone` copies. `view` is the exception: a
/// tensor over memory of the caller.
class Tensor {
 public:
  /// An empty tensor of shape [0].
  Tensor() = default;
  /// Throws std::bad_alloc if there is not enough memory, Error{kShapeMismatch} if the size in
  /// bytes overflows.
  Tensor(Shape shape, DType dtype);
  /// A tensor over memory of the caller, of any alignment, which has to outlive it and everything
  /// it is moved to. It is for reading: writing through it is undefined if `data` is read-only. An
  /// empty tensor if `data` is null. Throws Error{kShapeMismatch} if the size in bytes overflows.
  static Tensor view(Shape shape, DType dtype, const void* data);
  Tensor(Tensor&& other) noexcept;
  Tensor& operator=(Tensor&& other) noexcept;
  ~Tensor();

  const Shape& shape() const { return shape_; }
  DType dtype() const { return dtype_; }
  std::int64_t num_elements() const { return shape_.num_elements(); }
  bool empty() const { return data_ == nullptr; }
  std::size_t num_bytes() const;

  /// The elements, with T = float or std::uint8_t. Throws Error{kInvalidArgument} if T is not the
  /// element type of the tensor.
  template <typename T>
  std::span<T> as();
  template <typename T>
  std::span<const T> as() const;

  std::byte* data() { return data_; }
  const std::byte* data() const { return data_; }

  /// A copy with its own memory.
  Tensor clone() const;
  /// Copies of the entries `indices` along the first axis, e.g. of some images: [K, ...] from
  /// [N, ...]. Expects indices in [0, N).
  Tensor take(std::span<const std::int32_t> indices) const;

 private:
  void check_type(DType expected) const;

  Shape shape_{0};
  DType dtype_ = DType::kF32;
  // A plain pointer, because <memory> would double what every file that includes this header reads.
  std::byte* data_ = nullptr;
  bool owns_ = true;
};

}  // namespace digitry
