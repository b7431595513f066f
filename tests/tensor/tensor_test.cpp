#include "digitry/tensor/tensor.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "tests/support/errors.h"

namespace digitry {
namespace {

using test::expect_error;

TEST(Tensor, IsZeroAndAligned) {
  for (const std::int64_t size : {0, 1, 63, 64, 1000}) {
    const Tensor tensor({size}, DType::kU8);
    EXPECT_FALSE(tensor.empty()) << "a tensor without elements is not empty";
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(tensor.data()) % 64, 0u);
    EXPECT_EQ(tensor.num_bytes(), static_cast<std::size_t>(size));
    EXPECT_TRUE(std::ranges::all_of(tensor.as<std::uint8_t>(), [](auto v) { return v == 0; }));
  }
  EXPECT_EQ(Tensor({2, 3}, DType::kF32).num_bytes(), 24u);
}

TEST(Tensor, WithoutMemoryIsEmpty) {
  const Tensor none;
  EXPECT_TRUE(none.empty());
  EXPECT_EQ(none.num_bytes(), 0u);
  EXPECT_EQ(none.num_elements(), 0);
  EXPECT_TRUE(none.clone().empty());
  EXPECT_TRUE(none.as<float>().empty());
}

TEST(Tensor, IsReadAsItsOwnTypeOnly) {
  Tensor floats({2}, DType::kF32);
  const Tensor bytes({2}, DType::kU8);
  EXPECT_EQ(floats.as<float>().size(), 2u);
  expect_error(ErrorCode::kInvalidArgument, {"expected elements of type u8", "found f32"},
               [&] { floats.as<std::uint8_t>(); });
  expect_error(ErrorCode::kInvalidArgument, {"expected elements of type f32", "found u8"},
               [&] { bytes.as<float>(); });
}

TEST(Tensor, CloneIsApartFromItsOrigin) {
  Tensor one({2, 2}, DType::kF32);
  one.as<float>()[3] = 5;
  const Tensor two = one.clone();
  one.as<float>()[3] = 6;
  EXPECT_EQ(two.shape(), one.shape());
  EXPECT_EQ(two.as<float>()[3], 5);
}

TEST(Tensor, MovedFromIsLeftWithoutMemory) {
  Tensor one({2}, DType::kF32);
  const std::byte* memory = one.data();
  const Tensor two = std::move(one);
  EXPECT_EQ(two.data(), memory);
}

TEST(Tensor, AViewLeavesTheMemoryToItsOwner) {
  std::uint8_t bytes[] = {1, 2, 3, 4, 5};
  Tensor view = Tensor::view({2, 2}, DType::kU8, bytes + 1);
  EXPECT_EQ(static_cast<const void*>(view.data()), bytes + 1);
  EXPECT_EQ(view.as<std::uint8_t>()[3], 5);
  const Tensor copy = view.clone();
  Tensor moved = std::move(view);
  view = Tensor({1}, DType::kU8);
  EXPECT_EQ(static_cast<const void*>(moved.data()), bytes + 1);
  moved = Tensor({1}, DType::kF32);
  EXPECT_EQ(moved.dtype(), DType::kF32);
  bytes[4] = 9;
  EXPECT_EQ(copy.as<std::uint8_t>()[3], 5) << "a copy has its own memory";
  EXPECT_TRUE(Tensor::view({0}, DType::kU8, nullptr).empty());
}

TEST(Tensor, RefusesMoreThanMemoryCanAddress) {
  constexpr std::int64_t kHuge = std::int64_t{1} << 62;
  expect_error(ErrorCode::kShapeMismatch, {"fits into memory"},
               [] { Tensor({kHuge}, DType::kF32); });
}

}  // namespace
}  // namespace digitry
