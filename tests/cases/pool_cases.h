#pragma once

#include <array>
#include <cstdint>
#include <ostream>
#include <string>

#include "tests/reference/pool2d.h"

namespace digitry::cases {

/// A pooling of `batch_size` images with `channels` channels.
struct Pool2dCase {
  std::int64_t batch_size = 1;
  std::int64_t channels = 1;
  std::int64_t height = 1;
  std::int64_t width = 1;
  std::int64_t kernel_size = 2;
  std::int64_t stride = 2;
  std::int64_t padding = 0;

  kernels::reference::Pool2dShape shape() const {
    return {batch_size * channels, height, width, kernel_size, stride, padding};
  }
};

/// One pixel; windows that leave a remainder, overlap, leave gaps or cover the whole image;
/// padding; channels that do not fill a vector register; layers for MNIST.
inline constexpr std::array kPool2dCases{
    Pool2dCase{1, 1, 1, 1, 1, 1, 0},    Pool2dCase{2, 3, 4, 6, 2, 2, 0},
    Pool2dCase{2, 17, 7, 5, 2, 2, 0},   Pool2dCase{3, 5, 7, 7, 3, 2, 0},
    Pool2dCase{2, 16, 7, 8, 3, 2, 1},   Pool2dCase{2, 4, 9, 9, 2, 3, 0},
    Pool2dCase{2, 20, 6, 6, 3, 1, 1},   Pool2dCase{3, 8, 5, 5, 5, 1, 0},
    Pool2dCase{1, 2, 1, 9, 2, 2, 1},    Pool2dCase{5, 32, 26, 26, 2, 2, 0},
    Pool2dCase{7, 64, 11, 11, 2, 2, 0},
};

/// "n2_c17_7x5_k2s2p0"
inline std::string name_of(const Pool2dCase& c) {
  const auto text = [](std::int64_t value) { return std::to_string(value); };
  return "n" + text(c.batch_size) + "_c" + text(c.channels) + "_" + text(c.height) + "x" +
         text(c.width) + "_k" + text(c.kernel_size) + "s" + text(c.stride) + "p" + text(c.padding);
}

/// How GoogleTest prints a case.
inline void PrintTo(const Pool2dCase& c, std::ostream* out) { *out << name_of(c); }

}  // namespace digitry::cases
