#include "digitry/data/weighted_line.h"

#include "digitry/base/vectorize.h"

namespace digitry {
namespace {

DIGITRY_INLINE void add_weighted(const float* __restrict from, float weight, std::int64_t width,
                                 float* __restrict to) {
  for (std::int64_t x = 0; x < width; ++x) to[x] += weight * from[x];
}

}  // namespace

void add_weighted_line(const float* from, float weight, std::int64_t width, float* to) {
  vectorized<add_weighted>(from, weight, width, to);
}

}  // namespace digitry
