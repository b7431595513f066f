#pragma once

#include <array>
#include <cstdint>
#include <ostream>
#include <string>

#include "digitry/tensor/tensor.h"
#include "tests/reference/batch_norm.h"

namespace digitry::cases {

/// A batch normalisation of images [channels, height, width], or of [channels] if height is 0.
struct BatchNormCase {
  std::int64_t batch_size = 1;
  std::int64_t channels = 1;
  std::int64_t height = 0;
  std::int64_t width = 0;

  Shape image() const { return height == 0 ? Shape{channels} : Shape{channels, height, width}; }
  kernels::reference::BatchNormShape shape() const {
    return {batch_size, channels, height == 0 ? 1 : height * width};
  }
};

/// After a dense layer and after a convolution; one or two values per channel; channels that do not
/// fill a vector register; layers for MNIST.
inline constexpr std::array kBatchNormCases{
    BatchNormCase{1, 3, 0, 0},    BatchNormCase{2, 5, 0, 0},  BatchNormCase{33, 17, 0, 0},
    BatchNormCase{96, 144, 0, 0}, BatchNormCase{1, 1, 1, 1},  BatchNormCase{1, 4, 2, 1},
    BatchNormCase{8, 3, 3, 5},    BatchNormCase{3, 16, 7, 7}, BatchNormCase{2, 19, 5, 6},
    BatchNormCase{5, 32, 14, 14}, BatchNormCase{2, 64, 1, 1},
};

/// "n8_c3_3x5"
inline std::string name_of(const BatchNormCase& c) {
  const auto text = [](std::int64_t value) { return std::to_string(value); };
  return "n" + text(c.batch_size) + "_c" + text(c.channels) + "_" + text(c.height) + "x" +
         text(c.width);
}

/// How GoogleTest prints a case.
inline void PrintTo(const BatchNormCase& c, std::ostream* out) { *out << name_of(c); }

}  // namespace digitry::cases
