#include <gtest/gtest.h>

#include "digitry/tensor/tensor.h"
#include "tests/support/errors.h"

namespace digitry {
namespace {

using test::expect_error;

TEST(Shape, CountsItsElements) {
  EXPECT_EQ(Shape().num_elements(), 1);
  EXPECT_EQ((Shape{0}).num_elements(), 0);
  EXPECT_EQ((Shape{2, 3, 5}).num_elements(), 30);
  EXPECT_EQ((Shape{4, 0, 5}).num_elements(), 0);
}

TEST(Shape, TellsItsExtents) {
  const Shape shape{128, 1, 28, 28};
  EXPECT_EQ(shape.rank(), 4u);
  EXPECT_EQ(shape[0], 128);
  EXPECT_EQ(shape.to_string(), "[128,1,28,28]");
  EXPECT_EQ(Shape().to_string(), "[]");
  EXPECT_TRUE(shape == (Shape{128, 1, 28, 28}));
  EXPECT_FALSE(shape == (Shape{128, 28, 28}));
  EXPECT_FALSE((Shape{2, 3}) == (Shape{3, 2}));
}

TEST(Shape, TakesABatchOnAndOff) {
  EXPECT_EQ((Shape{1, 28, 28}).with_batch(64), (Shape{64, 1, 28, 28}));
  EXPECT_EQ((Shape{64, 1, 28, 28}).without_batch(), (Shape{1, 28, 28}));
  EXPECT_EQ(Shape().with_batch(3), Shape{3});
  EXPECT_EQ((Shape{3}).without_batch(), Shape());
  EXPECT_EQ(Shape().without_batch(), Shape());
}

TEST(Shape, RefusesWhatCannotBe) {
  expect_error(ErrorCode::kShapeMismatch, {"extents of at least 0", "[2,-1]"}, [] {
    Shape{2, -1};
  });
  constexpr std::int64_t kHuge = std::int64_t{1} << 40;
  expect_error(ErrorCode::kShapeMismatch, {"2^63 - 1 elements"}, [] { Shape{kHuge, kHuge}; });
}

}  // namespace
}  // namespace digitry
