#include "digitry/evaluation/squared_distance.h"

#include "digitry/base/vectorize.h"

namespace digitry {

DIGITRY_VECTORIZE float squared_distance(const float* a, const float* b, std::int64_t count) {
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t i = 0; i < count; ++i) {
    const float difference = a[i] - b[i];
    sum += difference * difference;
  }
  return sum;
}

}  // namespace digitry
