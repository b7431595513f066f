#include "digitry/base/vectorize.h"

#include <gtest/gtest.h>

#include <numeric>
#include <string>
#include <vector>

#include "tests/support/errors.h"

namespace digitry {
namespace {

template <typename T>
DIGITRY_INLINE T sum_of(const T* values, int count) {
  T sum = 0;
  for (int i = 0; i < count; ++i) sum += values[i];
  return sum;
}

TEST(Vectorized, ComputesWhatTheLoopDoes) {
  std::vector<float> values(100);
  std::iota(values.begin(), values.end(), 1.0F);
  EXPECT_EQ(vectorized<sum_of<float>>(values.data(), 100), 5050.0F);
  EXPECT_EQ(Vectorized<sum_of<float>>::function()(values.data(), 10), 55.0F);
}

template <int Lanes>
DIGITRY_INLINE int lanes_of(int factor) {
  return factor * Lanes;
}

TEST(Vectorized, PicksTheLoopOfTheLevel) {
  const VectorLevel before = vector_level();
  for (const VectorLevel level : vector_levels()) {
    const ScopedVectorLevel scope(level);
    EXPECT_EQ(vector_level(), level);
    const int want[] = {4, 8, 16};
    EXPECT_EQ((Vectorized<lanes_of<4>, lanes_of<8>, lanes_of<16>>::function()(1)),
              want[static_cast<int>(level)]);
  }
  EXPECT_EQ(vector_level(), before);
}

TEST(VectorLevel, OneThatTheProcessorLacksIsAnError) {
  EXPECT_EQ(vector_levels().front(), VectorLevel::kBaseline);
  EXPECT_EQ(vector_levels().back(), vector_level());
  if (vector_level() == VectorLevel::kV4) return;
  test::expect_error(ErrorCode::kInvalidArgument, {"instruction set x86-64-v4: expected at most "},
                     [] { const ScopedVectorLevel scope(VectorLevel::kV4); });
}

TEST(VectorLevel, EachHasAName) {
  EXPECT_EQ(to_string(VectorLevel::kBaseline), "baseline");
  EXPECT_EQ(to_string(VectorLevel::kV3), "x86-64-v3");
  EXPECT_EQ(to_string(VectorLevel::kV4), "x86-64-v4");
}

}  // namespace
}  // namespace digitry
