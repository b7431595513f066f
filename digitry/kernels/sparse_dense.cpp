#include "digitry/kernels/sparse_dense.h"

#include <algorithm>
#include <cassert>

#include "digitry/base/parallel.h"
#include "digitry/base/vectorize.h"
#include "digitry/kernels/lanes.h"

namespace digitry::kernels {
namespace {

// The number of outputs that are computed together: the work of one task.
constexpr std::int64_t kOutputs = 4 * kBlock;
// The smallest number of multiply-adds for which another thread is worthwhile: about 2 µs.
constexpr std::int64_t kMultiplyAddsGrain = 1 << 15;

// Lists the nonzero values and returns their number.
DIGITRY_INLINE std::int64_t list_nonzeros(const float* values, std::int64_t count,
                                          std::uint32_t* indices, float* nonzeros) {
  std::int64_t found = 0;
  for (std::int64_t first = 0; first < count; first += kBlock) {
    // Skips whole groups of zeros, such as the border of an image.
    const std::int64_t last = std::min(first + kBlock, count);
    bool any = false;
    for (std::int64_t i = first; i < last; ++i) any |= values[i] != 0;
    if (!any) continue;
    for (std::int64_t i = first; i < last; ++i) {
      indices[found] = static_cast<std::uint32_t>(i);
      nonzeros[found] = values[i];
      found += values[i] != 0 ? 1 : 0;
    }
  }
  return found;
}

// Computes Count vectors of outputs, in registers.
template <int Lanes, int Count>
DIGITRY_INLINE void multiply(const std::uint32_t* indices, const float* values, std::int64_t count,
                             const float* weight, std::int64_t row_stride, const float* bias,
                             bool relu, float* y) {
  Vector<Lanes> sum[Count] = {};
  if (bias != nullptr)
#pragma GCC unroll 16
    for (int i = 0; i < Count; ++i) load(bias + i * Lanes, sum[i]);
  for (std::int64_t k = 0; k < count; ++k) {
    const float* row = weight + indices[k] * row_stride;
    const Vector<Lanes> value = Vector<Lanes>{} + values[k];
#pragma GCC unroll 16
    for (int i = 0; i < Count; ++i) {
      Vector<Lanes> factors;
      load(row + i * Lanes, factors);
      sum[i] += value * factors;
    }
  }
#pragma GCC unroll 16
  for (int i = 0; i < Count; ++i) {
    if (relu) sum[i] = sum[i] > 0 ? sum[i] : Vector<Lanes>{};
    store(sum[i], y + i * Lanes);
  }
}

// The same for any number of vectors: as many at a time as fit into registers.
template <int Lanes, int Count>
DIGITRY_INLINE void multiply_all(const std::uint32_t* indices, const float* values,
                                 std::int64_t count, const float* weight, std::int64_t row_stride,
                                 std::int64_t outputs, const float* bias, bool relu, float* y) {
  std::int64_t first = 0;
  for (; first + Count * Lanes <= outputs; first += Count * Lanes)
    multiply<Lanes, Count>(indices, values, count, weight + first, row_stride,
                           bias == nullptr ? nullptr : bias + first, relu, y + first);
  for (; first < outputs; first += Lanes)
    multiply<Lanes, 1>(indices, values, count, weight + first, row_stride,
                       bias == nullptr ? nullptr : bias + first, relu, y + first);
}

}  // namespace

bool SparseDense::supports(std::int64_t out_features) { return out_features % kBlock == 0; }

SparseDense::SparseDense(std::int64_t batch_size, std::int64_t in_features,
                         std::int64_t out_features)
    : in_features_(in_features),
      out_features_(out_features),
      nonzeros_(static_cast<std::size_t>(batch_size)) {
  assert(supports(out_features));
  for (Nonzeros& image : nonzeros_) {
    image.indices.resize(static_cast<std::size_t>(in_features + kBlock));
    image.values.resize(image.indices.size());
  }
}

void SparseDense::operator()(const float* x, const float* weight, const float* bias, bool relu,
                             float* y) {
  std::int64_t work = 0;
  for (Nonzeros& image : nonzeros_) {
    image.count =
        vectorized<list_nonzeros>(x, in_features_, image.indices.data(), image.values.data());
    work += image.count * out_features_;
    x += in_features_;
  }
  const std::int64_t parts = (out_features_ + kOutputs - 1) / kOutputs;
  const std::int64_t tasks = std::ssize(nonzeros_) * parts;
  const auto multiply =
      Vectorized<multiply_all<4, 8>, multiply_all<8, 8>, multiply_all<16, 4>>::function();
  const auto run = [&](std::int64_t task) {
    const std::int64_t n = task % std::ssize(nonzeros_);
    const Nonzeros& image = nonzeros_[static_cast<std::size_t>(n)];
    const std::int64_t begin = task / std::ssize(nonzeros_) * kOutputs;
    const std::int64_t end = std::min(begin + kOutputs, out_features_);
    multiply(image.indices.data(), image.values.data(), image.count, weight + begin, out_features_,
             end - begin, bias == nullptr ? nullptr : bias + begin, relu,
             y + n * out_features_ + begin);
  };
  parallel_for(tasks, tasks * kMultiplyAddsGrain / std::max(work, std::int64_t{1}),
               [&](std::int64_t begin, std::int64_t end) {
                 for (std::int64_t task = begin; task < end; ++task) run(task);
               });
}

}  // namespace digitry::kernels
