#pragma once

#include <array>
#include <cstdint>
#include <ostream>
#include <string>

namespace digitry::cases {

/// Extents of a dense layer: y [batch_size, out_features] of x [batch_size, in_features].
struct DenseCase {
  std::int64_t batch_size;
  std::int64_t in_features;
  std::int64_t out_features;
};

/// For tests: the smallest layer, primes that do not fill a vector register, one image, wide and
/// tall layers, the sizes of training, and the smaller last batch of an epoch (54000 = 421·128 +
/// 112).
inline constexpr std::array kDenseCases{
    DenseCase{1, 1, 1},      DenseCase{3, 5, 7},      DenseCase{1, 784, 10},
    DenseCase{2, 17, 1},     DenseCase{5, 1, 33},     DenseCase{31, 63, 65},
    DenseCase{64, 128, 10},  DenseCase{128, 784, 10}, DenseCase{112, 784, 512},
    DenseCase{500, 100, 26},
};

/// For benchmarks: the layers of 784-128-10 and of 784-512-512-10.
inline constexpr std::array kDenseSpeedCases{
    DenseCase{128, 784, 128}, DenseCase{128, 128, 10},  DenseCase{32, 784, 512},
    DenseCase{128, 784, 512}, DenseCase{512, 784, 512}, DenseCase{128, 512, 512},
    DenseCase{128, 512, 10},
};

inline std::string name_of(const DenseCase& c) {
  return std::to_string(c.batch_size) + "x" + std::to_string(c.in_features) + "x" +
         std::to_string(c.out_features);
}

/// How GoogleTest prints a case.
inline void PrintTo(const DenseCase& c, std::ostream* out) { *out << name_of(c); }

}  // namespace digitry::cases
