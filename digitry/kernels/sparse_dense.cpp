#include "digitry/kernels/sparse_dense.h"

#include <algorithm>
#include <cassert>

#include "digitry/base/parallel.h"
#include "digitry/base/vectorize.h"
#include "digitry/kernels/vector16.h"

namespace digitry::kernels {
namespace {

// The number of registers of outputs that are computed together: the work of one task.
constexpr int kRegisters = 4;
constexpr std::int64_t kOutputs = kRegisters * kBlock;
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

template <int Count>
DIGITRY_INLINE void multiply(const std::uint32_t* indices, const float* values, std::int64_t count,
                             const float* weight, std::int64_t row_stride, const float* bias,
                             bool relu, float* y) {
  Vector16 sum[Count] = {};
  if (bias != nullptr)
#pragma GCC unroll 4
    for (int i = 0; i < Count; ++i) load(bias + i * kBlock, sum[i]);
  for (std::int64_t k = 0; k < count; ++k) {
    const float* row = weight + indices[k] * row_stride;
#pragma GCC unroll 4
    for (int i = 0; i < Count; ++i) {
      Vector16 factors;
      load(row + i * kBlock, factors);
      sum[i] += values[k] * factors;
    }
  }
#pragma GCC unroll 4
  for (int i = 0; i < Count; ++i) {
    if (relu) sum[i] = sum[i] > 0 ? sum[i] : Vector16{};
    store(sum[i], y + i * kBlock);
  }
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
  const auto run = [&](std::int64_t task) {
    const std::int64_t n = task % std::ssize(nonzeros_);
    const Nonzeros& image = nonzeros_[static_cast<std::size_t>(n)];
    const std::int64_t begin = task / std::ssize(nonzeros_) * kOutputs;
    const std::int64_t end = std::min(begin + kOutputs, out_features_);
    const auto multiply_from = [&](std::int64_t first, const auto& kernel) {
      kernel(image.indices.data(), image.values.data(), image.count, weight + first, out_features_,
             bias == nullptr ? nullptr : bias + first, relu, y + n * out_features_ + first);
    };
    if (end - begin == kOutputs)
      return multiply_from(begin, Vectorized<multiply<kRegisters>>::function());
    for (std::int64_t first = begin; first < end; first += kBlock)
      multiply_from(first, Vectorized<multiply<1>>::function());
  };
  parallel_for(tasks, tasks * kMultiplyAddsGrain / std::max(work, std::int64_t{1}),
               [&](std::int64_t begin, std::int64_t end) {
                 for (std::int64_t task = begin; task < end; ++task) run(task);
               });
}

}  // namespace digitry::kernels
