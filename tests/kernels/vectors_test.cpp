#include "digitry/kernels/vectors.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/reference/reference.h"
#include "tests/support/values.h"

namespace digitry {
namespace {

// Lengths around those of vector registers.
TEST(Vectors, AreTheSumsThatTheyAreCalledFor) {
  for (const std::int64_t count : {0, 1, 7, 16, 33, 200}) {
    const std::vector<float> a = test::random_values(count, 1);
    const std::vector<float> b = test::random_values(count, 2);
    const double product = kernels::reference::dot(a, b);
    const double square = kernels::reference::squared_distance(a, b);
    // In float32, the error of each sum is at most `count` roundings of its largest value.
    const double allowed = 6e-8 * static_cast<double>(count) * square + 1e-6;
    EXPECT_NEAR(dot(a.data(), b.data(), count), product, allowed) << count;
    EXPECT_NEAR(squared_distance(a.data(), b.data(), count), square, allowed) << count;
  }
}

TEST(Vectors, AUnitHasLengthOneAndItsDirection) {
  std::vector<float> vector{3, 0, -4};
  normalize(vector);
  EXPECT_FLOAT_EQ(vector[0], 0.6F);
  EXPECT_EQ(vector[1], 0);
  EXPECT_FLOAT_EQ(vector[2], -0.8F);
  std::vector<float> nothing(3);
  normalize(nothing);
  EXPECT_EQ(nothing, std::vector<float>(3)) << "zeros have no direction";
}

}  // namespace
}  // namespace digitry
