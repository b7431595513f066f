#pragma once

#include <array>
#include <ostream>
#include <string>

#include "digitry/kernels/pooled_conv2d.h"

namespace digitry::cases {

using kernels::PooledConv2dShape;

/// Blocks of channels: one window; borders; rows and columns outside all windows; larger pooling
/// windows; several tiles; a batch smaller than the number of threads.
inline constexpr std::array kPooledConv2dCases{
    PooledConv2dShape{.height = 4, .width = 4},
    PooledConv2dShape{.height = 2, .width = 3, .padding = 1},
    PooledConv2dShape{
        .batch_size = 3, .in_channels = 32, .out_channels = 48, .height = 13, .width = 12},
    PooledConv2dShape{.batch_size = 2,
                      .in_channels = 16,
                      .out_channels = 32,
                      .height = 9,
                      .width = 30,
                      .kernel_size = 5,
                      .padding = 2},
    PooledConv2dShape{.batch_size = 5, .height = 40, .width = 36, .padding = 2, .pool_size = 3},
    PooledConv2dShape{.batch_size = 2, .height = 17, .width = 9, .kernel_size = 5, .pool_size = 4},
    PooledConv2dShape{.batch_size = 7,
                      .in_channels = 32,
                      .out_channels = 16,
                      .height = 7,
                      .width = 7,
                      .padding = 1,
                      .pool_size = 1},
};

/// A single channel; also images wider than 64 pixels, the number of bits of a word.
inline constexpr std::array kFirstPooledConv2dCases{
    PooledConv2dShape{.in_channels = 1, .height = 4, .width = 4},
    PooledConv2dShape{.in_channels = 1, .height = 2, .width = 3, .padding = 1},
    PooledConv2dShape{
        .batch_size = 9, .in_channels = 1, .out_channels = 32, .height = 28, .width = 28},
    PooledConv2dShape{.batch_size = 5,
                      .in_channels = 1,
                      .out_channels = 16,
                      .height = 24,
                      .width = 25,
                      .kernel_size = 5},
    PooledConv2dShape{.batch_size = 3,
                      .in_channels = 1,
                      .out_channels = 48,
                      .height = 7,
                      .width = 8,
                      .kernel_size = 5,
                      .padding = 2},
    PooledConv2dShape{.batch_size = 2, .in_channels = 1, .height = 6, .width = 64},
    PooledConv2dShape{
        .batch_size = 2, .in_channels = 1, .height = 8, .width = 75, .kernel_size = 5},
};

/// For benchmarks: the second layers of recipes/cnn-mnist-convnet.toml and of the example of
/// PyTorch.
inline constexpr std::array kPooledConv2dSpeedCases{
    PooledConv2dShape{
        .batch_size = 128, .in_channels = 32, .out_channels = 64, .height = 13, .width = 13},
    PooledConv2dShape{
        .batch_size = 128, .in_channels = 32, .out_channels = 64, .height = 26, .width = 26},
};

/// "n3_ic32_oc48_13x12_k3p0_max2"
inline std::string name_of(const PooledConv2dShape& c) {
  const auto text = [](std::int64_t value) { return std::to_string(value); };
  return "n" + text(c.batch_size) + "_ic" + text(c.in_channels) + "_oc" + text(c.out_channels) +
         "_" + text(c.height) + "x" + text(c.width) + "_k" + text(c.kernel_size) + "p" +
         text(c.padding) + "_max" + text(c.pool_size);
}

}  // namespace digitry::cases

namespace digitry::kernels {

/// How GoogleTest prints a case.
inline void PrintTo(const PooledConv2dShape& c, std::ostream* out) {
  *out << digitry::cases::name_of(c);
}

}  // namespace digitry::kernels
