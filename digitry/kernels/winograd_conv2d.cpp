#include "digitry/kernels/winograd_conv2d.h"

#include <algorithm>
#include <cassert>

#include "digitry/base/parallel.h"
#include "digitry/base/vectorize.h"

namespace digitry::kernels {
namespace {

// Elements of a transformed tile.
constexpr int kElements = 16;
// The tiles that are computed together: their transformed inputs stay in the second-level cache.
constexpr std::int64_t kChunk = 32;
// Room for the last group of a chunk, which is rounded up.
constexpr std::int64_t kChunkRoom = kChunk + 12;
// The output channels that are computed together: two blocks.
constexpr std::int64_t kProductRow = 2 * kBlock;
// The smallest number of chunks for which another thread is worthwhile.
constexpr std::int64_t kChunksGrain = 2;

struct Chunk {
  const WinogradConv2dShape* shape;
  const float* x;
  const float* transformed;
  const float* bias;  // Or null.
  float* y;
  std::uint8_t* positions;    // Or null.
  std::int64_t first, count;  // Tiles.
  float* inputs;              // [kElements, kChunkRoom, IC]
  float* products;            // [kElements, kChunkRoom, kBlock]
};

// Three taps of a filter to four points: G of F(2,3).
template <int Lanes>
DIGITRY_INLINE void transform_taps(const Vector<Lanes> (&tap)[3], Vector<Lanes> (&to)[4]) {
  to[0] = tap[0];
  to[1] = 0.5F * (tap[0] + tap[1] + tap[2]);
  to[2] = 0.5F * (tap[0] - tap[1] + tap[2]);
  to[3] = tap[2];
}

// Of `Lanes` filters: 3 × 3 taps, `tap_stride` floats apart, to kElements, `element_stride` apart.
template <int Lanes>
DIGITRY_INLINE void transform_filter(const float* taps, std::int64_t tap_stride, float* to,
                                     std::int64_t element_stride) {
  Vector<Lanes> rows[4][3];
#pragma GCC unroll 3
  for (int column = 0; column < 3; ++column) {
    Vector<Lanes> tap[3];
    Vector<Lanes> points[4];
#pragma GCC unroll 3
    for (int row = 0; row < 3; ++row) load(taps + (3 * row + column) * tap_stride, tap[row]);
    transform_taps<Lanes>(tap, points);
#pragma GCC unroll 4
    for (int row = 0; row < 4; ++row) rows[row][column] = points[row];
  }
#pragma GCC unroll 4
  for (int row = 0; row < 4; ++row) {
    Vector<Lanes> points[4];
    transform_taps<Lanes>(rows[row], points);
#pragma GCC unroll 4
    for (int column = 0; column < 4; ++column)
      store(points[column], to + (4 * row + column) * element_stride);
  }
}

template <int Lanes>
DIGITRY_INLINE void transform_filters(const float* weight, std::int64_t out_blocks,
                                      std::int64_t in_channels, float* to) {
  const std::int64_t stride = in_channels * kBlock;
  for (std::int64_t block = 0; block < out_blocks; ++block)
    for (std::int64_t i = 0; i < stride; i += Lanes)
      transform_filter<Lanes>(weight + block * 9 * stride + i, stride,
                              to + block * kElements * stride + i, stride);
}

// Four pixels to four points: the transposed B of F(2,3).
template <int Lanes>
DIGITRY_INLINE void transform_pixels(const Vector<Lanes> (&pixel)[4], Vector<Lanes> (&to)[4]) {
  to[0] = pixel[0] - pixel[2];
  to[1] = pixel[1] + pixel[2];
  to[2] = pixel[2] - pixel[1];
  to[3] = pixel[1] - pixel[3];
}

// Of `Lanes` channels of one tile.
template <int Lanes>
DIGITRY_INLINE void transform_input(const float* pixels, std::int64_t row_stride,
                                    std::int64_t column_stride, float* to,
                                    std::int64_t element_stride) {
  Vector<Lanes> rows[4][4];
#pragma GCC unroll 4
  for (int column = 0; column < 4; ++column) {
    Vector<Lanes> pixel[4];
    Vector<Lanes> points[4];
#pragma GCC unroll 4
    for (int row = 0; row < 4; ++row)
      load(pixels + row * row_stride + column * column_stride, pixel[row]);
    transform_pixels<Lanes>(pixel, points);
#pragma GCC unroll 4
    for (int row = 0; row < 4; ++row) rows[row][column] = points[row];
  }
#pragma GCC unroll 4
  for (int row = 0; row < 4; ++row) {
    Vector<Lanes> points[4];
    transform_pixels<Lanes>(rows[row], points);
#pragma GCC unroll 4
    for (int column = 0; column < 4; ++column)
      store(points[column], to + (4 * row + column) * element_stride);
  }
}

// The pixels of a tile that reaches over the border, with zeros outside: [4, 4, block].
DIGITRY_INLINE void copy_border_tile(const WinogradConv2dShape& shape, const float* plane,
                                     std::int64_t top, std::int64_t left, float* patch) {
  const std::int64_t block = shape.in_block;
  for (std::int64_t row = 0; row < 4; ++row)
    for (std::int64_t column = 0; column < 4; ++column) {
      const std::int64_t y = top + row;
      const std::int64_t x = left + column;
      const bool inside = y >= 0 && y < shape.height && x >= 0 && x < shape.width;
      float* to = patch + (4 * row + column) * block;
      for (std::int64_t i = 0; i < block; ++i)
        to[i] = inside ? plane[(y * shape.width + x) * block + i] : 0.0F;
    }
}

// A tile of the batch: its image, and its place in it.
struct Tile {
  std::int64_t image, row, column;
};

DIGITRY_INLINE Tile tile_at(const WinogradConv2dShape& shape, std::int64_t index) {
  const std::int64_t columns = shape.tile_columns();
  const std::int64_t row = index / columns;
  return {row / shape.tile_rows(), row % shape.tile_rows(), index % columns};
}

template <int Lanes>
DIGITRY_INLINE void transform_inputs(const Chunk& chunk) {
  const WinogradConv2dShape& shape = *chunk.shape;
  const std::int64_t block = shape.in_block;
  const std::int64_t plane_size = shape.height * shape.width * block;
  const std::int64_t element_stride = kChunkRoom * shape.in_channels;
  float patch[16 * kBlock];
  for (std::int64_t i = 0; i < chunk.count; ++i) {
    const Tile tile = tile_at(shape, chunk.first + i);
    const std::int64_t top = 2 * tile.row - shape.padding;
    const std::int64_t left = 2 * tile.column - shape.padding;
    const bool inside = top >= 0 && left >= 0 && top + 4 <= shape.height && left + 4 <= shape.width;
    const float* plane = chunk.x + tile.image * shape.in_channels / block * plane_size;
    float* to = chunk.inputs + i * shape.in_channels;
    for (std::int64_t first = 0; first < shape.in_channels; first += block, plane += plane_size) {
      const float* pixels = plane + (top * shape.width + left) * block;
      std::int64_t row_stride = shape.width * block;
      if (!inside) {
        copy_border_tile(shape, plane, top, left, patch);
        pixels = patch;
        row_stride = 4 * block;
      }
      for (std::int64_t lane = 0; lane < block; lane += Lanes)
        transform_input<Lanes>(pixels + lane, row_stride, block, to + first + lane, element_stride);
    }
  }
}

// The products of Tiles tiles and Lanes · Count output channels, summed in registers. Sixteen lanes
// are a block of output channels; fewer are within one.
template <int Lanes, int Count, int Tiles>
DIGITRY_INLINE void multiply_tiles(const float* inputs, std::int64_t in_channels,
                                   const float* filters, std::int64_t filter_stride,
                                   float* products) {
  Vector<Lanes> sum[Tiles * Count] = {};
  for (std::int64_t channel = 0; channel < in_channels; ++channel) {
    Vector<Lanes> factor[Count];
#pragma GCC unroll 4
    for (int i = 0; i < Count; ++i) load(filters + i * filter_stride + channel * kBlock, factor[i]);
#pragma GCC unroll 12
    for (int tile = 0; tile < Tiles; ++tile) {
      const Vector<Lanes> value = Vector<Lanes>{} + inputs[tile * in_channels + channel];
#pragma GCC unroll 4
      for (int i = 0; i < Count; ++i) sum[tile * Count + i] += factor[i] * value;
    }
  }
#pragma GCC unroll 12
  for (int tile = 0; tile < Tiles; ++tile)
#pragma GCC unroll 4
    for (int i = 0; i < Count; ++i)
      store(sum[tile * Count + i], products + tile * kProductRow + i * Lanes);
}

// The same for `tiles` tiles, at most Most, rounded up to what there is a loop for.
template <int Lanes, int Count, int Most>
DIGITRY_INLINE void multiply_group(std::int64_t tiles, const float* inputs,
                                   std::int64_t in_channels, const float* filters,
                                   std::int64_t filter_stride, float* products) {
  if (tiles <= Most / 3)
    multiply_tiles<Lanes, Count, Most / 3>(inputs, in_channels, filters, filter_stride, products);
  else if (tiles <= Most * 2 / 3)
    multiply_tiles<Lanes, Count, Most * 2 / 3>(inputs, in_channels, filters, filter_stride,
                                               products);
  else if (tiles <= Most * 5 / 6)
    multiply_tiles<Lanes, Count, Most * 5 / 6>(inputs, in_channels, filters, filter_stride,
                                               products);
  else
    multiply_tiles<Lanes, Count, Most>(inputs, in_channels, filters, filter_stride, products);
}

// All products of a chunk for `channels` output channels, one or two blocks. Groups of tiles are of
// nearly equal size.
template <int Lanes, int Count, int Most>
DIGITRY_INLINE void multiply_blocks(const Chunk& chunk, const float* filters,
                                    std::int64_t channels) {
  const std::int64_t in_channels = chunk.shape->in_channels;
  const std::int64_t block_stride = kElements * in_channels * kBlock;
  const std::int64_t filter_stride = Lanes == kBlock ? block_stride : Lanes;
  const std::int64_t groups = (chunk.count + Most - 1) / Most;
  for (std::int64_t element = 0; element < kElements; ++element)
    for (std::int64_t group = 0; group < groups; ++group) {
      const std::int64_t begin = chunk.count * group / groups;
      const std::int64_t end = chunk.count * (group + 1) / groups;
      for (std::int64_t channel = 0; channel < channels; channel += Lanes * Count)
        multiply_group<Lanes, Count, Most>(
            end - begin, chunk.inputs + (element * kChunkRoom + begin) * in_channels, in_channels,
            filters + channel / kBlock * block_stride + element * in_channels * kBlock +
                channel % kBlock,
            filter_stride, chunk.products + (element * kChunkRoom + begin) * kProductRow + channel);
    }
}

// The four results of a tile, in `Lanes` channels: rows first.
template <int Lanes>
DIGITRY_INLINE void transform_output(const float* products, const Vector<Lanes>& bias,
                                     Vector<Lanes>* results) {
  constexpr std::int64_t kStride = kChunkRoom * kProductRow;
  Vector<Lanes> rows[2][4];
#pragma GCC unroll 4
  for (int column = 0; column < 4; ++column) {
    Vector<Lanes> product[4];
#pragma GCC unroll 4
    for (int row = 0; row < 4; ++row) load(products + (4 * row + column) * kStride, product[row]);
    rows[0][column] = product[0] + product[1] + product[2];
    rows[1][column] = product[1] - product[2] - product[3];
  }
#pragma GCC unroll 2
  for (int row = 0; row < 2; ++row) {
    results[2 * row] = rows[row][0] + rows[row][1] + rows[row][2] + bias;
    results[2 * row + 1] = rows[row][1] - rows[row][2] - rows[row][3] + bias;
  }
}

// Writes the results of a chunk for `Lanes` channels from `channel` on, which are `lane` in the
// products.
template <int Lanes>
DIGITRY_INLINE void write_results(const Chunk& chunk, std::int64_t channel, std::int64_t lane) {
  const WinogradConv2dShape& shape = *chunk.shape;
  const std::int64_t block = shape.out_block;
  const std::int64_t width = shape.out_width();
  const std::int64_t plane_size = shape.out_height() * width * block;
  Vector<Lanes> bias = {};
  if (chunk.bias != nullptr) load(chunk.bias + channel, bias);
  for (std::int64_t i = 0; i < chunk.count; ++i) {
    const Tile tile = tile_at(shape, chunk.first + i);
    const std::int64_t plane =
        (tile.image * shape.out_channels / block + channel / block) * plane_size + channel % block;
    Vector<Lanes> result[4];
    transform_output<Lanes>(chunk.products + i * kProductRow + lane, bias, result);
    if (shape.pool) {
      Vector<Lanes> largest = result[0];
      IntVector<Lanes> place = {};
#pragma GCC unroll 4
      for (int p = 1; p < 4; ++p) {
        const IntVector<Lanes> larger = result[p] > largest;
        largest = larger ? result[p] : largest;
        place = larger ? IntVector<Lanes>{} + p : place;
      }
      if (shape.relu) largest = largest > 0 ? largest : Vector<Lanes>{};
      const std::int64_t at = plane + (tile.row * width + tile.column) * block;
      store(largest, chunk.y + at);
      if (chunk.positions != nullptr) store(place, chunk.positions + at);
      continue;
    }
#pragma GCC unroll 4
    for (int p = 0; p < 4; ++p) {
      const std::int64_t row = 2 * tile.row + p / 2;
      const std::int64_t column = 2 * tile.column + p % 2;
      if (row >= shape.out_height() || column >= width) continue;
      if (shape.relu) result[p] = result[p] > 0 ? result[p] : Vector<Lanes>{};
      store(result[p], chunk.y + plane + (row * width + column) * block);
    }
  }
}

template <int Lanes, int Count, int Most>
DIGITRY_INLINE void run_chunk(const Chunk& chunk) {
  const WinogradConv2dShape& shape = *chunk.shape;
  transform_inputs<Lanes>(chunk);
  for (std::int64_t first = 0; first < shape.out_channels; first += kProductRow) {
    const std::int64_t channels = std::min(kProductRow, shape.out_channels - first);
    const float* filters = chunk.transformed + first * kElements * shape.in_channels;
    if (Lanes * Count <= channels)
      multiply_blocks<Lanes, Count, Most>(chunk, filters, channels);
    else
      multiply_blocks<Lanes, 1, Most>(chunk, filters, channels);
    for (std::int64_t lane = 0; lane < channels; lane += Lanes)
      write_results<Lanes>(chunk, first + lane, lane);
  }
}

// With their factors, the sums of so many tiles fit into 16 or 32 registers.
using RunChunk = Vectorized<run_chunk<4, 2, 6>, run_chunk<8, 2, 6>, run_chunk<16, 2, 12>>;
using TransformFilters =
    Vectorized<transform_filters<4>, transform_filters<8>, transform_filters<16>>;

}  // namespace

bool WinogradConv2d::supports(const WinogradConv2dShape& shape) {
  const auto fits = [](std::int64_t block) { return block == kBlock || block == natural_block(); };
  return fits(shape.in_block) && fits(shape.out_block) && shape.in_channels % kBlock == 0 &&
         shape.out_channels % kBlock == 0 && shape.out_height() > 0 && shape.out_width() > 0;
}

std::int64_t WinogradConv2d::natural_block() {
  return vector_level() == VectorLevel::kV4 ? kBlock : kBlock / 2;
}

WinogradConv2d::WinogradConv2d(const WinogradConv2dShape& shape)
    : shape_(shape), num_chunks_((shape.num_tiles() + kChunk - 1) / kChunk) {
  assert(supports(shape));
  scratch_.resize(static_cast<std::size_t>(num_parallel_parts(num_chunks_, kChunksGrain)));
  for (Scratch& scratch : scratch_) {
    scratch.inputs.resize(
        static_cast<std::size_t>(kElements * kChunkRoom * shape.in_channels / kBlock));
    scratch.products.resize(
        static_cast<std::size_t>(kElements * kChunkRoom * kProductRow / kBlock));
  }
}

std::int64_t WinogradConv2d::transformed_size() const {
  return kElements * shape_.in_channels * shape_.out_channels;
}

void WinogradConv2d::transform_weights(const float* weight, float* transformed) const {
  TransformFilters::function()(weight, shape_.out_channels / kBlock, shape_.in_channels,
                               transformed);
}

void WinogradConv2d::operator()(const float* x, const float* transformed, const float* bias,
                                float* y, std::uint8_t* positions) {
  const auto run = RunChunk::function();
  const std::int64_t parts = std::ssize(scratch_);
  const std::int64_t tiles = shape_.num_tiles();
  parallel_for(parts, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t part = begin; part < end; ++part) {
      Scratch& scratch = scratch_[static_cast<std::size_t>(part)];
      for (std::int64_t chunk = num_chunks_ * part / parts;
           chunk < num_chunks_ * (part + 1) / parts; ++chunk) {
        const std::int64_t first = tiles * chunk / num_chunks_;
        run({.shape = &shape_,
             .x = x,
             .transformed = transformed,
             .bias = bias,
             .y = y,
             .positions = positions,
             .first = first,
             .count = tiles * (chunk + 1) / num_chunks_ - first,
             .inputs = scratch.inputs.data()->values,
             .products = scratch.products.data()->values});
      }
    }
  });
}

}  // namespace digitry::kernels
