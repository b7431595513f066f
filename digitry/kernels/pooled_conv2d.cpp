#include "digitry/kernels/pooled_conv2d.h"

#include <algorithm>
#include <cassert>
#include <limits>

#include "digitry/base/parallel.h"
#include "digitry/base/vectorize.h"

namespace digitry::kernels {
namespace {

// The bytes of x in a tile. With as much of its gradient this is three quarters of 32 KiB.
constexpr std::int64_t kTileBytes = 12 << 10;

std::size_t count(std::int64_t n) { return static_cast<std::size_t>(n); }

template <typename T, int Lanes>
DIGITRY_INLINE void max_pool_row(const T* rows, std::int64_t conv_width, std::int64_t pool_size,
                                 std::int64_t out_width, T* y, std::uint8_t* positions) {
  for (std::int64_t i = 0; i < out_width * kBlock; i += Lanes) {
    const T* window = rows + i / kBlock * pool_size * kBlock + i % kBlock;
    Vector<Lanes> largest;
    IntVector<Lanes> place = {};
    load(window, largest);
    for (std::int64_t p = 1; p < pool_size * pool_size; ++p) {
      Vector<Lanes> value;
      load(window + (p / pool_size * conv_width + p % pool_size) * kBlock, value);
      const IntVector<Lanes> larger = value > largest;
      largest = larger ? value : largest;
      place = larger ? IntVector<Lanes>{} + static_cast<std::int32_t>(p) : place;
    }
    store(largest, y + i);
    store(place, positions + i);
  }
}

// For one row of windows: the gradients that pass (else 0), and the offsets of the inputs of their
// maxima in a padded plane. `first` is the offset of the row in pixels.
template <typename T, int Lanes>
DIGITRY_INLINE void find_passing(const PooledConv2dShape& shape, std::int64_t first, const T* y,
                                 const std::uint8_t* positions, const T* grad_y,
                                 std::uint32_t* offsets, float* gradients, float* grad_bias) {
  const auto pool = static_cast<std::int32_t>(shape.pool_size);
  const auto next_row = static_cast<std::int32_t>(shape.padded_width()) - pool;
  const std::int64_t width = shape.out_width();
  for (std::int64_t lane = 0; lane < kBlock; lane += Lanes) {
    Vector<Lanes> bias;
    load(grad_bias + lane, bias);
    for (std::int64_t column = 0; column < width; ++column) {
      const std::int64_t at = column * kBlock + lane;
      Vector<Lanes> value;
      Vector<Lanes> gradient;
      IntVector<Lanes> position;
      load(y + at, value);
      load(grad_y + at, gradient);
      load(positions + at, position);
      gradient = value > 0 ? gradient : Vector<Lanes>{};
      bias += gradient;
      IntVector<Lanes> row = {};  // position / pool
      for (std::int32_t i = 1; i < pool; ++i) row -= position >= i * pool;
      const IntVector<Lanes> pixel =
          row * next_row + position + static_cast<std::int32_t>(first + column * pool);
      const IntVector<Lanes> offset = pixel * static_cast<std::int32_t>(kBlock);
      std::memcpy(offsets + at, &offset, sizeof(offset));
      store(gradient, gradients + at);
    }
    store(bias, grad_bias + lane);
  }
}

// The contributions of one output channel to Lanes · Count input channels and back, for Rows rows
// of the kernel. Their weights and the sums stay in registers.
template <int Rows, int Columns, int Lanes, int Count, typename Contribution>
DIGITRY_INLINE void accumulate(const Contribution* first, const Contribution* last,
                               std::int64_t row_stride, const float* x, const float* weight,
                               float* grad_weight, float* grad_x) {
  constexpr int kVectors = Rows * Columns * Count;
  Vector<Lanes> factor[kVectors];
  Vector<Lanes> sum[kVectors];
#pragma GCC unroll 16
  for (int i = 0; i < kVectors; ++i) {
    const std::int64_t at = i / Count * kBlock + i % Count * Lanes;
    load(weight + at, factor[i]);
    load(grad_weight + at, sum[i]);
  }
  for (const Contribution* each = first; each != last; ++each) {
    const Vector<Lanes> gradient = Vector<Lanes>{} + each->gradient;
#pragma GCC unroll 16
    for (int i = 0; i < kVectors; ++i) {
      const std::int64_t at = each->offset + i / Count / Columns * row_stride +
                              i / Count % Columns * kBlock + i % Count * Lanes;
      Vector<Lanes> value;
      load(x + at, value);
      sum[i] += gradient * value;
      load(grad_x + at, value);
      value += gradient * factor[i];
      store(value, grad_x + at);
    }
  }
#pragma GCC unroll 16
  for (int i = 0; i < kVectors; ++i)
    store(sum[i], grad_weight + i / Count * kBlock + i % Count * Lanes);
}

// The same for all output channels, whose weights are `weight_stride` floats apart, and for a block
// of input channels. It processes Rows rows of the kernel and Lanes · Count channels at a time: as
// many as fit into the registers.
template <int Size, int Rows, int Lanes, int Count, typename Contribution>
DIGITRY_INLINE void accumulate_all(const Contribution* contributions, const std::uint32_t* begins,
                                   std::int64_t out_channels, std::int64_t row_stride,
                                   std::int64_t weight_stride, const float* x, const float* weight,
                                   float* grad_weight, float* grad_x) {
  for (std::int64_t oc = 0; oc < out_channels; ++oc) {
    if (begins[oc] == begins[oc + 1]) continue;
    for (std::int64_t row = 0; row < Size; row += Rows)
      for (std::int64_t lane = 0; lane < kBlock; lane += Lanes * Count) {
        const std::int64_t at = oc * weight_stride + row * Size * kBlock + lane;
        accumulate<Rows, Size, Lanes, Count>(contributions + begins[oc],
                                             contributions + begins[oc + 1], row_stride,
                                             x + row * row_stride + lane, weight + at,
                                             grad_weight + at, grad_x + row * row_stride + lane);
      }
  }
}

template <typename From, typename To, int Lanes>
DIGITRY_INLINE void convert(const From* from, std::int64_t count, To* to) {
  for (std::int64_t i = 0; i < count; i += Lanes) {
    Vector<Lanes> value;
    load(from + i, value);
    store(value, to + i);
  }
}
template <typename From, typename To>
using Convert = Vectorized<convert<From, To, 4>, convert<From, To, 8>, convert<From, To, 16>>;

// Copy between a plane and the inside of a padded plane, whose border is already zero.
template <typename T>
void pad(const PooledConv2dShape& shape, const T* plane, float* padded) {
  for (std::int64_t row = 0; row < shape.height; ++row)
    Convert<T, float>::function()(
        plane + row * shape.width * kBlock, shape.width * kBlock,
        padded + ((row + shape.padding) * shape.padded_width() + shape.padding) * kBlock);
}
template <typename T>
void crop(const PooledConv2dShape& shape, const float* padded, T* plane) {
  for (std::int64_t row = 0; row < shape.height; ++row)
    Convert<float, T>::function()(
        padded + ((row + shape.padding) * shape.padded_width() + shape.padding) * kBlock,
        shape.width * kBlock, plane + row * shape.width * kBlock);
}

}  // namespace

template <typename T>
void max_pool_blocked(const PooledConv2dShape& shape, const T* conv, T* y,
                      std::uint8_t* positions) {
  const std::int64_t rows = shape.batch_size * shape.out_channels / kBlock * shape.out_height();
  const std::int64_t conv_row = shape.conv_width() * kBlock;
  const std::int64_t out_row = shape.out_width() * kBlock;
  const auto pool =
      Vectorized<max_pool_row<T, 4>, max_pool_row<T, 8>, max_pool_row<T, 16>>::function();
  parallel_for(rows, 256, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) {
      const std::int64_t plane = row / shape.out_height();
      const std::int64_t conv_rows =
          plane * shape.conv_height() + row % shape.out_height() * shape.pool_size;
      pool(conv + conv_rows * conv_row, shape.conv_width(), shape.pool_size, shape.out_width(),
           y + row * out_row, positions + row * out_row);
    }
  });
}
template void max_pool_blocked(const PooledConv2dShape&, const float*, float*, std::uint8_t*);
template void max_pool_blocked(const PooledConv2dShape&, const BFloat16*, BFloat16*, std::uint8_t*);

PartialGradients::PartialGradients(const PooledConv2dShape& shape)
    : weight_(count(shape.out_channels * shape.in_channels * shape.kernel_size * shape.kernel_size /
                    kBlock)),
      bias_(count(shape.out_channels / kBlock)) {}

void PartialGradients::reset() {
  std::ranges::fill(weight_, AlignedBlock{});
  std::ranges::fill(bias_, AlignedBlock{});
}

void PartialGradients::sum_up(const std::vector<PartialGradients>& parts, float* grad_weight,
                              float* grad_bias) {
  const auto sum = [&](const std::vector<AlignedBlock> PartialGradients::*values, float* to) {
    const auto size = (parts[0].*values).size() * kBlock;
    std::copy_n((parts[0].*values).data()->values, size, to);
    for (std::size_t part = 1; part < parts.size(); ++part) {
      const float* from = (parts[part].*values).data()->values;
      for (std::size_t i = 0; i < size; ++i) to[i] += from[i];
    }
  };
  sum(&PartialGradients::weight_, grad_weight);
  if (grad_bias != nullptr) sum(&PartialGradients::bias_, grad_bias);
}

template <typename T>
bool PooledConv2dBackward<T>::supports(const PooledConv2dShape& shape) {
  // Offsets have 32 bits, positions have 8.
  return (shape.kernel_size == 3 || shape.kernel_size == 5) && shape.in_channels % kBlock == 0 &&
         shape.out_channels % kBlock == 0 && shape.pool_size < 16 &&
         shape.padded_height() * shape.padded_width() <
             std::numeric_limits<std::int32_t>::max() / kBlock;
}

template <typename T>
PooledConv2dBackward<T>::PooledConv2dBackward(const PooledConv2dShape& shape) : shape_(shape) {
  assert(supports(shape));
  const std::int64_t row_bytes =
      shape.padded_width() * kBlock * static_cast<std::int64_t>(sizeof(float));
  const std::int64_t most_rows = (kTileBytes / row_bytes - shape.kernel_size + 1) / shape.pool_size;
  tile_rows_ =
      std::clamp<std::int64_t>(most_rows, 1, std::max<std::int64_t>(1, shape.out_height()));
  num_tiles_ = (shape.out_height() + tile_rows_ - 1) / tile_rows_;
  const std::int64_t parts = num_parallel_parts(shape.batch_size, 1);
  partial_.assign(count(parts), PartialGradients(shape));
  scratch_.resize(count(parts));
  for (Scratch& scratch : scratch_) {
    scratch.offsets.resize(count(tile_rows_ * shape.out_width() * kBlock));
    scratch.gradients.resize(scratch.offsets.size());
    // One more, because entries that do not pass are written too and then overwritten.
    scratch.contributions.resize(count(shape.out_size() / shape.batch_size + 1));
    scratch.begins.resize(count(num_tiles_ * shape.out_channels + 1));
    scratch.x.resize(count(shape.padded_height() * shape.padded_width()));
    scratch.grad_x.resize(scratch.x.size());
  }
}

template <typename T>
void PooledConv2dBackward<T>::operator()(const Arguments& arguments) {
  const std::int64_t parts = std::ssize(scratch_);
  parallel_for(parts, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t part = begin; part < end; ++part) {
      Scratch& scratch = scratch_[count(part)];
      PartialGradients& partial = partial_[count(part)];
      partial.reset();
      for (std::int64_t image = shape_.batch_size * part / parts;
           image < shape_.batch_size * (part + 1) / parts; ++image) {
        list_contributions(arguments, image, scratch, partial.bias());
        run_image(arguments, image, scratch, partial.weight());
      }
    }
  });
  PartialGradients::sum_up(partial_, arguments.grad_weight, arguments.grad_bias);
}

template <typename T>
void PooledConv2dBackward<T>::list_contributions(const Arguments& arguments, std::int64_t image,
                                                 Scratch& scratch, float* grad_bias) const {
  const std::int64_t row_size = shape_.out_width() * kBlock;
  const std::int64_t blocks = shape_.out_channels / kBlock;
  Contribution* next = scratch.contributions.data();
  std::uint32_t* begin = scratch.begins.data();
  const auto find =
      Vectorized<find_passing<T, 4>, find_passing<T, 8>, find_passing<T, 16>>::function();
  for (std::int64_t tile_row = 0; tile_row < shape_.out_height(); tile_row += tile_rows_) {
    const std::int64_t num_rows = std::min(tile_rows_, shape_.out_height() - tile_row);
    for (std::int64_t block = 0; block < blocks; ++block) {
      for (std::int64_t row = 0; row < num_rows; ++row) {
        const std::int64_t i =
            ((image * blocks + block) * shape_.out_height() + tile_row + row) * row_size;
        find(shape_, (tile_row + row) * shape_.pool_size * shape_.padded_width(), arguments.y + i,
             arguments.positions + i, arguments.grad_y + i, scratch.offsets.data() + row * row_size,
             scratch.gradients.data() + row * row_size, grad_bias + block * kBlock);
      }
      for (std::int64_t channel = 0; channel < kBlock; ++channel) {
        *begin++ = static_cast<std::uint32_t>(next - scratch.contributions.data());
        for (std::int64_t i = channel; i < num_rows * row_size; i += kBlock) {
          *next = {scratch.offsets[count(i)], scratch.gradients[count(i)]};
          // No branch, because it could not be predicted.
          next += next->gradient != 0 ? 1 : 0;
        }
      }
    }
  }
  *begin = static_cast<std::uint32_t>(next - scratch.contributions.data());
}

template <typename T>
void PooledConv2dBackward<T>::run_image(const Arguments& arguments, std::int64_t image,
                                        Scratch& scratch, float* grad_weight) const {
  const std::int64_t blocks = shape_.in_channels / kBlock;
  const std::int64_t window = shape_.kernel_size * shape_.kernel_size * kBlock;
  const std::int64_t plane_size = shape_.height * shape_.width * kBlock;
  using Accumulate3 =
      Vectorized<accumulate_all<3, 1, 4, 2, Contribution>, accumulate_all<3, 1, 8, 2, Contribution>,
                 accumulate_all<3, 3, 16, 1, Contribution>>;
  using Accumulate5 =
      Vectorized<accumulate_all<5, 1, 4, 1, Contribution>, accumulate_all<5, 1, 8, 1, Contribution>,
                 accumulate_all<5, 1, 16, 1, Contribution>>;
  const auto accumulate =
      shape_.kernel_size == 3 ? Accumulate3::function() : Accumulate5::function();
  float* x = scratch.x.data()->values;
  float* grad_x = scratch.grad_x.data()->values;
  for (std::int64_t block = 0; block < blocks; ++block) {
    const std::int64_t plane = (image * blocks + block) * plane_size;
    pad(shape_, arguments.x + plane, x);
    std::ranges::fill(scratch.grad_x, AlignedBlock{});
    for (std::int64_t tile = 0; tile < num_tiles_; ++tile)
      accumulate(scratch.contributions.data(), scratch.begins.data() + tile * shape_.out_channels,
                 shape_.out_channels, shape_.padded_width() * kBlock, blocks * window, x,
                 arguments.weight + block * window, grad_weight + block * window, grad_x);
    crop(shape_, grad_x, arguments.grad_x + plane);
  }
}

template class PooledConv2dBackward<float>;
template class PooledConv2dBackward<BFloat16>;

}  // namespace digitry::kernels
