#include <algorithm>
#include <cassert>

#include "digitry/base/parallel.h"
#include "digitry/base/vectorize.h"
#include "digitry/kernels/pooled_conv2d.h"

namespace digitry::kernels {
namespace {

// The pixels that a load of one row reads, where two rows fill sixteen lanes.
constexpr std::int64_t kHalf = kBlock / 2;

// Marks the nonzero pixels of each row of a padded plane, one bit per pixel: most windows of an
// image contain none. Rows with more pixels than bits count as full.
constexpr std::int64_t kBits = 64;

DIGITRY_INLINE void mark_nonzeros(const float* plane, std::int64_t height, std::int64_t width,
                                  std::uint64_t* rows) {
  for (std::int64_t row = 0; row < height; ++row) {
    std::uint64_t bits = width > kBits ? ~std::uint64_t{0} : 0;
    for (std::int64_t i = 0; i < std::min(width, kBits); ++i)
      bits |= std::uint64_t{plane[row * width + i] != 0 ? 1U : 0U} << i;
    rows[row] = bits;
  }
}

// Whether the pooled windows of one row, of Size + 1 pixels per side, contain nonzero pixels.
template <int Size>
class SeenRow {
 public:
  DIGITRY_INLINE SeenRow(const std::uint64_t* rows, std::int64_t row) {
#pragma GCC unroll 6
    for (int i = 0; i <= Size; ++i) bits_ |= rows[2 * row + i];
  }
  DIGITRY_INLINE bool any(std::int64_t column) const {
    constexpr std::uint64_t kWindow = (std::uint64_t{1} << (Size + 1)) - 1;
    return 2 * column >= kBits - Size || (bits_ >> (2 * column) & kWindow) != 0;
  }

 private:
  std::uint64_t bits_ = 0;
};

// The smallest number of images for which another thread is worthwhile.
constexpr std::int64_t kImagesGrain = 4;

// Computes 16 channels of y from a padded plane, Lanes · Count at a time: the sums of the four
// positions of a window stay in registers, for sixteen lanes the weights as well.
template <int Size, typename T, int Lanes, int Count>
DIGITRY_INLINE void first_forward(const PooledConv2dShape& shape, const float* plane,
                                  const std::uint64_t* nonzeros, const float* weight,
                                  const float* bias, T* y, std::uint8_t* positions) {
  constexpr bool kKeepWeights = Lanes == kBlock;
  const std::int64_t row_stride = shape.padded_width();
  for (std::int64_t lane = 0; lane < kBlock; lane += Lanes * Count) {
    Vector<Lanes> kept[kKeepWeights ? Size * Size : 1];
    if constexpr (kKeepWeights)
#pragma GCC unroll 25
      for (int tap = 0; tap < Size * Size; ++tap) load(weight + tap * kBlock, kept[tap]);
    Vector<Lanes> of_blank[Count];
#pragma GCC unroll 4
    for (int i = 0; i < Count; ++i) {
      load(bias + lane + i * Lanes, of_blank[i]);
      of_blank[i] = of_blank[i] > 0 ? of_blank[i] : Vector<Lanes>{};
    }
    T* to = y + lane;
    std::uint8_t* place_to = positions + lane;
    for (std::int64_t row = 0; row < shape.out_height(); ++row) {
      const SeenRow<Size> seen(nonzeros, row);
      for (std::int64_t column = 0; column < shape.out_width();
           ++column, to += kBlock, place_to += kBlock) {
        if (!seen.any(column)) {
#pragma GCC unroll 4
          for (int i = 0; i < Count; ++i) {
            store(of_blank[i], to + i * Lanes);
            store(IntVector<Lanes>{}, place_to + i * Lanes);
          }
          continue;
        }
        const float* x = plane + 2 * (row * row_stride + column);
        Vector<Lanes> sum[4 * Count];
#pragma GCC unroll 8
        for (int i = 0; i < 4 * Count; ++i) load(bias + lane + i % Count * Lanes, sum[i]);
#pragma GCC unroll 25
        for (int tap = 0; tap < Size * Size; ++tap) {
          Vector<Lanes> factor[Count];
#pragma GCC unroll 4
          for (int i = 0; i < Count; ++i)
            if constexpr (kKeepWeights)
              factor[i] = kept[tap];
            else
              load(weight + tap * kBlock + lane + i * Lanes, factor[i]);
#pragma GCC unroll 4
          for (int p = 0; p < 4; ++p) {
            const Vector<Lanes> value =
                Vector<Lanes>{} + x[(tap / Size + p / 2) * row_stride + tap % Size + p % 2];
#pragma GCC unroll 4
            for (int i = 0; i < Count; ++i) sum[p * Count + i] += factor[i] * value;
          }
        }
#pragma GCC unroll 4
        for (int i = 0; i < Count; ++i) {
          Vector<Lanes> largest = sum[i];
          IntVector<Lanes> place = {};
#pragma GCC unroll 4
          for (int p = 1; p < 4; ++p) {
            const IntVector<Lanes> larger = sum[p * Count + i] > largest;
            largest = larger ? sum[p * Count + i] : largest;
            place = larger ? IntVector<Lanes>{} + p : place;
          }
          largest = largest > 0 ? largest : Vector<Lanes>{};
          store(largest, to + i * Lanes);
          store(place, place_to + i * Lanes);
        }
      }
    }
  }
}

// Adds the products of one row of the kernel. The maxima of the lanes are at four positions of a
// window: each lane selects its inputs from two rows of x.
template <int Size, int Lanes>
DIGITRY_INLINE void add_row(const float* upper, const float* lower,
                            const IntVector<Lanes>& position, const Vector<Lanes>& gradient,
                            Vector<Lanes>* sum) {
  if constexpr (Lanes == kBlock) {
    const IntVector<Lanes> lane =
        (position & 1) + (position >> 1) * static_cast<std::int32_t>(kHalf);
    Vector<kHalf> of_upper;
    Vector<kHalf> of_lower;
    load(upper, of_upper);
    load(lower, of_lower);
    const Vector<Lanes> seen = __builtin_shufflevector(of_upper, of_lower, 0, 1, 2, 3, 4, 5, 6, 7,
                                                       8, 9, 10, 11, 12, 13, 14, 15);
#pragma GCC unroll 5
    for (int kw = 0; kw < Size; ++kw) {
      Vector<Lanes> x_of_lane;
      pick_lanes(seen, lane + kw, x_of_lane);
      sum[kw] += gradient * x_of_lane;
    }
  } else {
    const IntVector<Lanes> is_lower = position > 1;
    const IntVector<Lanes> is_right = (position & 1) > 0;
#pragma GCC unroll 5
    for (int kw = 0; kw < Size; ++kw) {
      const Vector<Lanes> zero = {};
      const Vector<Lanes> left = is_lower ? zero + lower[kw] : zero + upper[kw];
      const Vector<Lanes> right = is_lower ? zero + lower[kw + 1] : zero + upper[kw + 1];
      sum[kw] += gradient * (is_right ? right : left);
    }
  }
}

template <int Size, typename T, int Lanes>
DIGITRY_INLINE void first_backward(const PooledConv2dShape& shape, const float* plane,
                                   const std::uint64_t* nonzeros, const T* y,
                                   const std::uint8_t* positions, const T* grad_y,
                                   float* grad_weight, float* grad_bias) {
  const std::int64_t row_stride = shape.padded_width();
  for (std::int64_t lane = 0; lane < kBlock; lane += Lanes) {
    Vector<Lanes> sum[Size * Size];
    Vector<Lanes> bias;
#pragma GCC unroll 25
    for (int tap = 0; tap < Size * Size; ++tap) load(grad_weight + tap * kBlock + lane, sum[tap]);
    load(grad_bias + lane, bias);
    std::int64_t at = lane;
    for (std::int64_t row = 0; row < shape.out_height(); ++row) {
      const SeenRow<Size> seen_row(nonzeros, row);
      for (std::int64_t column = 0; column < shape.out_width(); ++column, at += kBlock) {
        const float* x = plane + 2 * (row * row_stride + column);
        Vector<Lanes> value;
        Vector<Lanes> gradient;
        IntVector<Lanes> position;
        load(y + at, value);
        load(grad_y + at, gradient);
        load(positions + at, position);
        gradient = value > 0 ? gradient : Vector<Lanes>{};
        bias += gradient;
        if (!seen_row.any(column)) continue;
#pragma GCC unroll 5
        for (int kh = 0; kh < Size; ++kh)
          add_row<Size, Lanes>(x + kh * row_stride, x + (kh + 1) * row_stride, position, gradient,
                               sum + kh * Size);
      }
    }
#pragma GCC unroll 25
    for (int tap = 0; tap < Size * Size; ++tap) store(sum[tap], grad_weight + tap * kBlock + lane);
    store(bias, grad_bias + lane);
  }
}

template <int Size, typename T>
using FirstForward = Vectorized<first_forward<Size, T, 4, 2>, first_forward<Size, T, 8, 2>,
                                first_forward<Size, T, 16, 1>>;
template <int Size, typename T>
using FirstBackward =
    Vectorized<first_backward<Size, T, 4>, first_backward<Size, T, 8>, first_backward<Size, T, 16>>;

}  // namespace

template <typename T>
bool SingleChannelPooledConv2d<T>::supports(const PooledConv2dShape& shape) {
  return (shape.kernel_size == 3 || shape.kernel_size == 5) && shape.in_channels == 1 &&
         shape.pool_size == 2 && shape.out_channels % kBlock == 0;
}

template <typename T>
SingleChannelPooledConv2d<T>::SingleChannelPooledConv2d(const PooledConv2dShape& shape)
    : shape_(shape) {
  assert(supports(shape));
  const auto parts = static_cast<std::size_t>(num_parallel_parts(shape.batch_size, kImagesGrain));
  const auto floats =
      static_cast<std::size_t>(shape.padded_height() * shape.padded_width() + kHalf);
  padded_.assign(parts, std::vector<float>(floats));
  nonzeros_.assign(parts,
                   std::vector<std::uint64_t>(static_cast<std::size_t>(shape.padded_height())));
  partial_.assign(parts, PartialGradients(shape));
}

template <typename T>
template <typename Body>
void SingleChannelPooledConv2d<T>::for_each_image(const float* x, const Body& body) {
  const std::int64_t parts = std::ssize(padded_);
  const auto run = [&](std::size_t part, std::int64_t image) {
    // The border is already zero.
    for (std::int64_t row = 0; row < shape_.height; ++row)
      std::copy_n(
          x + (image * shape_.height + row) * shape_.width, shape_.width,
          padded_[part].begin() + (row + shape_.padding) * shape_.padded_width() + shape_.padding);
    vectorized<mark_nonzeros>(padded_[part].data(), shape_.padded_height(), shape_.padded_width(),
                              nonzeros_[part].data());
    body(part, padded_[part].data(), image);
  };
  parallel_for(parts, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t part = begin; part < end; ++part)
      for (std::int64_t image = shape_.batch_size * part / parts;
           image < shape_.batch_size * (part + 1) / parts; ++image)
        run(static_cast<std::size_t>(part), image);
  });
}

template <typename T>
void SingleChannelPooledConv2d<T>::forward(const float* x, const float* weight, const float* bias,
                                           T* y, std::uint8_t* positions) {
  static constexpr float kNoBias[kBlock] = {};
  const auto run =
      shape_.kernel_size == 3 ? FirstForward<3, T>::function() : FirstForward<5, T>::function();
  const std::int64_t window = shape_.kernel_size * shape_.kernel_size;
  const std::int64_t out_plane = shape_.out_height() * shape_.out_width();
  for_each_image(x, [&](std::size_t part, const float* plane, std::int64_t image) {
    for (std::int64_t oc = 0; oc < shape_.out_channels; oc += kBlock) {
      const std::int64_t out = (image * shape_.out_channels + oc) * out_plane;
      run(shape_, plane, nonzeros_[part].data(), weight + oc * window,
          bias == nullptr ? kNoBias : bias + oc, y + out, positions + out);
    }
  });
}

template <typename T>
void SingleChannelPooledConv2d<T>::backward(const float* x, const T* y,
                                            const std::uint8_t* positions, const T* grad_y,
                                            float* grad_weight, float* grad_bias) {
  const auto run =
      shape_.kernel_size == 3 ? FirstBackward<3, T>::function() : FirstBackward<5, T>::function();
  const std::int64_t window = shape_.kernel_size * shape_.kernel_size;
  const std::int64_t out_plane = shape_.out_height() * shape_.out_width();
  for (PartialGradients& partial : partial_) partial.reset();
  for_each_image(x, [&](std::size_t part, const float* plane, std::int64_t image) {
    for (std::int64_t oc = 0; oc < shape_.out_channels; oc += kBlock) {
      const std::int64_t out = (image * shape_.out_channels + oc) * out_plane;
      run(shape_, plane, nonzeros_[part].data(), y + out, positions + out, grad_y + out,
          partial_[part].weight() + oc * window, partial_[part].bias() + oc);
    }
  });
  PartialGradients::sum_up(partial_, grad_weight, grad_bias);
}

template class SingleChannelPooledConv2d<float>;
template class SingleChannelPooledConv2d<BFloat16>;

}  // namespace digitry::kernels
