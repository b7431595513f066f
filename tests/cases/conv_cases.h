#pragma once

#include <array>
#include <cstdint>
#include <ostream>
#include <string>

#include "tests/reference/conv2d.h"

namespace digitry::cases {

using Conv2dCase = kernels::reference::Conv2dShape;

/// For tests: images of one pixel, of one row, smaller than the window; one channel, few channels,
/// and numbers that do not fill a vector register; groups, depthwise; strides that leave a
/// remainder; the largest padding; shapes for the algorithm of Winograd; layers for MNIST and the
/// smaller last batches of an epoch.
inline constexpr std::array kConv2dCases{
    Conv2dCase{.batch_size = 1},
    Conv2dCase{.batch_size = 5, .in_channels = 84, .out_channels = 10},
    Conv2dCase{.batch_size = 2, .out_channels = 3, .height = 1, .width = 9},
    Conv2dCase{.in_channels = 3,
               .out_channels = 4,
               .height = 2,
               .width = 2,
               .kernel_size = 3,
               .padding = 1},
    Conv2dCase{.batch_size = 3,
               .in_channels = 3,
               .out_channels = 7,
               .height = 6,
               .width = 5,
               .kernel_size = 3,
               .padding = 1},
    Conv2dCase{.batch_size = 2,
               .in_channels = 5,
               .out_channels = 17,
               .height = 7,
               .width = 7,
               .kernel_size = 2},
    Conv2dCase{.batch_size = 2,
               .in_channels = 19,
               .out_channels = 16,
               .height = 9,
               .width = 7,
               .kernel_size = 3,
               .stride = 2,
               .padding = 1},
    Conv2dCase{.batch_size = 2,
               .in_channels = 6,
               .out_channels = 4,
               .height = 10,
               .width = 11,
               .kernel_size = 3,
               .stride = 3},
    Conv2dCase{.batch_size = 2,
               .in_channels = 1,
               .out_channels = 8,
               .height = 7,
               .width = 6,
               .kernel_size = 2,
               .stride = 4},
    Conv2dCase{.in_channels = 16,
               .out_channels = 32,
               .height = 4,
               .width = 4,
               .kernel_size = 4,
               .padding = 3},
    Conv2dCase{.batch_size = 2,
               .in_channels = 16,
               .out_channels = 16,
               .height = 8,
               .width = 8,
               .kernel_size = 3,
               .padding = 1,
               .groups = 16},
    Conv2dCase{.batch_size = 3,
               .in_channels = 24,
               .out_channels = 24,
               .height = 9,
               .width = 9,
               .kernel_size = 5,
               .stride = 2,
               .padding = 2,
               .groups = 24},
    Conv2dCase{.batch_size = 2,
               .in_channels = 3,
               .out_channels = 6,
               .height = 5,
               .width = 5,
               .kernel_size = 3,
               .padding = 1,
               .groups = 3},
    Conv2dCase{.batch_size = 2,
               .in_channels = 12,
               .out_channels = 8,
               .height = 6,
               .width = 6,
               .kernel_size = 3,
               .padding = 1,
               .groups = 4},
    Conv2dCase{.in_channels = 32, .out_channels = 64, .height = 7, .width = 7, .groups = 2},
    Conv2dCase{.batch_size = 4,
               .in_channels = 32,
               .out_channels = 48,
               .height = 14,
               .width = 14,
               .kernel_size = 3,
               .padding = 1},
    Conv2dCase{.batch_size = 16,
               .in_channels = 1,
               .out_channels = 32,
               .height = 28,
               .width = 28,
               .kernel_size = 3},
    Conv2dCase{.batch_size = 7,
               .in_channels = 1,
               .out_channels = 32,
               .height = 28,
               .width = 28,
               .kernel_size = 5,
               .padding = 2},
    Conv2dCase{.batch_size = 5,
               .in_channels = 32,
               .out_channels = 64,
               .height = 13,
               .width = 13,
               .kernel_size = 3},
    Conv2dCase{.batch_size = 1,
               .in_channels = 64,
               .out_channels = 64,
               .height = 5,
               .width = 5,
               .kernel_size = 3,
               .stride = 2,
               .padding = 1},
};

/// For benchmarks: the layers of recipes/cnn-mnist-convnet.toml, and one of a residual network.
inline constexpr std::array kConv2dSpeedCases{
    Conv2dCase{.batch_size = 128,
               .in_channels = 1,
               .out_channels = 32,
               .height = 28,
               .width = 28,
               .kernel_size = 3},
    Conv2dCase{.batch_size = 128,
               .in_channels = 32,
               .out_channels = 64,
               .height = 13,
               .width = 13,
               .kernel_size = 3},
    Conv2dCase{.batch_size = 128,
               .in_channels = 32,
               .out_channels = 32,
               .height = 14,
               .width = 14,
               .kernel_size = 3,
               .padding = 1},
};

/// "n2_ic19_oc16_9x7_k3s2p1g1"
inline std::string name_of(const Conv2dCase& c) {
  const auto text = [](std::int64_t value) { return std::to_string(value); };
  return "n" + text(c.batch_size) + "_ic" + text(c.in_channels) + "_oc" + text(c.out_channels) +
         "_" + text(c.height) + "x" + text(c.width) + "_k" + text(c.kernel_size) + "s" +
         text(c.stride) + "p" + text(c.padding) + "g" + text(c.groups);
}

}  // namespace digitry::cases

namespace digitry::kernels::reference {

/// How GoogleTest prints a case.
inline void PrintTo(const Conv2dShape& c, std::ostream* out) { *out << digitry::cases::name_of(c); }

}  // namespace digitry::kernels::reference
