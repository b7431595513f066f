#include "digitry/kernels/vectors.h"

#include <cmath>

#include "digitry/base/vectorize.h"

namespace digitry {
namespace {

DIGITRY_INLINE float sum_of_squared_differences(const float* a, const float* b,
                                                std::int64_t count) {
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t i = 0; i < count; ++i) {
    const float difference = a[i] - b[i];
    sum += difference * difference;
  }
  return sum;
}

DIGITRY_INLINE float sum_of_products(const float* a, const float* b, std::int64_t count) {
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t i = 0; i < count; ++i) sum += a[i] * b[i];
  return sum;
}

}  // namespace

float squared_distance(const float* a, const float* b, std::int64_t count) {
  return vectorized<sum_of_squared_differences>(a, b, count);
}

float dot(const float* a, const float* b, std::int64_t count) {
  return vectorized<sum_of_products>(a, b, count);
}

void normalize(std::span<float> vector) {
  const float squares = dot(vector.data(), vector.data(), std::ssize(vector));
  if (!(squares > 0)) return;
  const float length = std::sqrt(squares);
  for (float& value : vector) value /= length;
}

}  // namespace digitry
