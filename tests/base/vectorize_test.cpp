#include "digitry/base/vectorize.h"

#include <gtest/gtest.h>

#include <numeric>
#include <string>
#include <vector>

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

TEST(VectorLevel, EachHasAName) {
  EXPECT_EQ(to_string(VectorLevel::kBaseline), "baseline");
  EXPECT_EQ(to_string(VectorLevel::kV3), "x86-64-v3");
  EXPECT_EQ(to_string(VectorLevel::kV4), "x86-64-v4");
}

}  // namespace
}  // namespace digitry
