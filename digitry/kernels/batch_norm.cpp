#include "digitry/kernels/batch_norm.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstdint>

#include "digitry/base/parallel.h"
#include "digitry/base/vectorize.h"

namespace digitry::kernels {
namespace {

// The number of values that are computed together.
constexpr std::int64_t kWidth = 16;
// The smallest number of values for which another thread is worthwhile.
constexpr std::int64_t kValuesPerThread = 8192;

// `count` rows of `width` ≤ kWidth adjacent values, `stride` values apart.
struct Rows {
  std::int64_t first = 0;  // Of the values.
  std::int64_t count = 0;
  std::int64_t stride = kWidth;
  std::int64_t width = kWidth;
};

// The values of `width` channels that lie side by side, or, if blocks have one channel, of one
// channel, whose values lie side by side.
struct Columns {
  std::int64_t channel = 0;
  std::int64_t width = 1;
};

class Walk {
 public:
  explicit Walk(const ChannelLayout& layout)
      : layout_(layout),
        blocks_((layout.channels + layout.block - 1) / layout.block),
        per_block_((layout.block + kWidth - 1) / kWidth) {}

  std::int64_t num_columns() const { return blocks_ * per_block_; }

  // Empty, with width ≤ 0, if it lies in the padding.
  Columns columns(std::int64_t index) const {
    const std::int64_t in_block = index % per_block_ * kWidth;
    const std::int64_t channel = index / per_block_ * layout_.block + in_block;
    return {.channel = channel,
            .width = std::min({kWidth, layout_.block - in_block, layout_.channels - channel})};
  }

  // Calls `body(rows)` for all values of the columns.
  template <typename Body>
  void for_rows(const Columns& columns, const Body& body) const {
    const std::int64_t block = columns.channel / layout_.block;
    const std::int64_t in_block = columns.channel % layout_.block;
    for (std::int64_t n = 0; n < layout_.batch_size; ++n) {
      const std::int64_t first =
          (n * blocks_ + block) * layout_.positions * layout_.block + in_block;
      if (layout_.block > 1) {
        body(Rows{first, layout_.positions, layout_.block, columns.width});
        continue;
      }
      const std::int64_t whole = layout_.positions / kWidth;
      body(Rows{first, whole, kWidth, kWidth});
      body(Rows{first + whole * kWidth, 1, kWidth, layout_.positions % kWidth});
    }
  }

  bool one_channel() const { return layout_.block == 1; }
  std::int64_t grain() const {
    return std::max<std::int64_t>(
        1, kValuesPerThread / (layout_.batch_size * layout_.positions * kWidth));
  }

 private:
  const ChannelLayout& layout_;
  std::int64_t blocks_, per_block_;
};

using Doubles = std::array<double, kWidth>;
using Floats = std::array<float, kWidth>;

DIGITRY_INLINE float widened(float value) { return value; }
DIGITRY_INLINE float widened(BFloat16 value) { return to_float(value); }
DIGITRY_INLINE void narrow(float from, float& to) { to = from; }
DIGITRY_INLINE void narrow(float from, BFloat16& to) { to = to_bfloat16(from); }

template <typename T>
DIGITRY_INLINE void add_row(const T* x, std::int64_t width, double* sums, double* squares) {
  for (std::int64_t j = 0; j < width; ++j) {
    const double value = widened(x[j]);
    sums[j] += value;
    squares[j] += value * value;
  }
}

template <typename T>
DIGITRY_INLINE void add_rows(const T* x, Rows rows, double* sums, double* squares) {
  x += rows.first;
  if (rows.width == kWidth)  // A constant, so that the compiler needs no loop.
    for (std::int64_t i = 0; i < rows.count; ++i)
      add_row(x + i * rows.stride, kWidth, sums, squares);
  else
    for (std::int64_t i = 0; i < rows.count; ++i)
      add_row(x + i * rows.stride, rows.width, sums, squares);
}

struct WideLines {
  Floats mean{}, offset{}, slope{};
};

template <typename T>
DIGITRY_INLINE void subtract_row(const T* x, std::int64_t width, const WideLines& lines,
                                 T* values) {
  for (std::int64_t j = 0; j < width; ++j) {
    const auto lane = static_cast<std::size_t>(j);
    narrow(widened(values[j]) -
               (lines.offset[lane] + lines.slope[lane] * (widened(x[j]) - lines.mean[lane])),
           values[j]);
  }
}

template <typename T>
DIGITRY_INLINE void subtract_rows(const T* x, Rows rows, const WideLines* lines, T* values) {
  x += rows.first;
  values += rows.first;
  if (rows.width == kWidth)
    for (std::int64_t i = 0; i < rows.count; ++i)
      subtract_row(x + i * rows.stride, kWidth, *lines, values + i * rows.stride);
  else
    for (std::int64_t i = 0; i < rows.count; ++i)
      subtract_row(x + i * rows.stride, rows.width, *lines, values + i * rows.stride);
}

template <typename T>
void sum_moments_of(const ChannelLayout& layout, std::span<const T> x, std::span<double> sums,
                    std::span<double> squares) {
  assert(std::ssize(sums) == layout.channels && std::ssize(squares) == layout.channels);
  const Walk walk(layout);
  parallel_for(walk.num_columns(), walk.grain(), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const Columns columns = walk.columns(i);
      if (columns.width <= 0) continue;
      Doubles sum{};
      Doubles square{};
      walk.for_rows(columns, [&](const Rows& rows) {
        vectorized<add_rows<T>>(x.data(), rows, sum.data(), square.data());
      });
      const auto first = static_cast<std::size_t>(columns.channel);
      if (walk.one_channel()) {
        sums[first] = squares[first] = 0;
        for (const double lane : sum) sums[first] += lane;
        for (const double lane : square) squares[first] += lane;
      } else {
        std::copy_n(sum.begin(), columns.width, sums.begin() + columns.channel);
        std::copy_n(square.begin(), columns.width, squares.begin() + columns.channel);
      }
    }
  });
}

template <typename T>
void subtract_lines_of(const ChannelLayout& layout, const ChannelLines& lines, std::span<const T> x,
                       std::span<T> values) {
  assert(x.size() == values.size());
  const Walk walk(layout);
  parallel_for(walk.num_columns(), walk.grain(), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const Columns columns = walk.columns(i);
      if (columns.width <= 0) continue;
      WideLines wide;
      for (std::size_t lane = 0; lane < kWidth; ++lane) {
        const auto at = static_cast<std::int64_t>(lane);
        if (!walk.one_channel() && at >= columns.width) break;
        const auto c = static_cast<std::size_t>(columns.channel + (walk.one_channel() ? 0 : at));
        wide.mean[lane] = lines.mean[c];
        wide.offset[lane] = lines.offset[c];
        wide.slope[lane] = lines.slope[c];
      }
      const WideLines* const by = &wide;
      walk.for_rows(columns, [&](const Rows& rows) {
        vectorized<subtract_rows<T>>(x.data(), rows, by, values.data());
      });
    }
  });
}

}  // namespace

void sum_moments(const ChannelLayout& layout, std::span<const float> x, std::span<double> sums,
                 std::span<double> squares) {
  sum_moments_of(layout, x, sums, squares);
}
void sum_moments(const ChannelLayout& layout, std::span<const BFloat16> x, std::span<double> sums,
                 std::span<double> squares) {
  sum_moments_of(layout, x, sums, squares);
}

void subtract_lines(const ChannelLayout& layout, const ChannelLines& lines,
                    std::span<const float> x, std::span<float> values) {
  subtract_lines_of(layout, lines, x, values);
}
void subtract_lines(const ChannelLayout& layout, const ChannelLines& lines,
                    std::span<const BFloat16> x, std::span<BFloat16> values) {
  subtract_lines_of(layout, lines, x, values);
}

}  // namespace digitry::kernels
