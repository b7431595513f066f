#pragma once

#include <cstdint>
#include <memory>

#include "digitry/kernels/winograd_conv2d.h"
#include "digitry/nn/layers/conv2d.h"
#include "digitry/nn/layers/pool2d.h"
#include "digitry/nn/plan/plan_builder.h"

namespace digitry {

/// Why a profile says that it is chosen.
inline constexpr const char* kWhyWinograd =
    "3x3 with stride 1 in float32: 16 products instead of 36";
/// The name of the kernel in a profile, without the instruction set.
inline constexpr const char* kWinogradKernel = "digitry:winograd_conv2d";

/// Whether a plan in float32 computes the forward pass of a convolution, with its ReLU and the
/// max-pooling `pool` (or null), by kernels/winograd_conv2d.h. `image` is the shape of its input.
/// Whenever it can and that saves products: it is faster than oneDNN at every level. Measured, one
/// thread of an AMD EPYC (Zen 5), 32 to 64 channels of 13 × 13, effective GFLOP/s of processor
/// time, for 1 and 128 images:
///
///                            ours, with max-pooling     oneDNN 2.6, inference
///   baseline (SSE2)              95     92              39     47 (direct)
///   x86-64-v3 (AVX2)            264    259             123    122 (direct)
///   x86-64-v4 (AVX-512)         508    465             253    251 (brgconv)
///
/// In training with AVX-512, oneDNN's Winograd kernel reaches 484, without a pooling.
bool supports_winograd_conv2d(const Conv2dLayer& conv, const Pool2dLayer* pool, const Shape& image,
                              Precision precision);

/// The kernel bound to its weights, which a prepare operation transforms.
struct PreparedWinograd {
  std::shared_ptr<kernels::WinogradConv2d> kernel;
  dnnl::memory transformed;
};
/// `weight` is float32 [OC, IC, 3, 3] in any layout.
PreparedWinograd prepare_winograd(PlanBuilder& builder, const kernels::WinogradConv2dShape& shape,
                                  const dnnl::memory& weight);

/// Plans a convolution for inference, with everything that its step includes.
Value plan_winograd_conv2d(PlanBuilder& builder, const Conv2dLayer& conv, const Value& input);

}  // namespace digitry
