#pragma once

#include <cstdint>
#include <span>

namespace digitry::kernels::reference {

/// Extents of a pooling: x [planes, IH, IW], y [planes, OH, OW], where a plane is one channel of
/// one image. Positions outside the image are ignored.
struct Pool2dShape {
  std::int64_t planes = 1;
  std::int64_t height = 1;
  std::int64_t width = 1;
  std::int64_t kernel_size = 1;
  std::int64_t stride = 1;
  std::int64_t padding = 0;

  std::int64_t out_height() const { return (height + 2 * padding - kernel_size) / stride + 1; }
  std::int64_t out_width() const { return (width + 2 * padding - kernel_size) / stride + 1; }
};

/// y = the maximum of each window.
void max_pool2d_forward(const Pool2dShape& shape, std::span<const float> x, std::span<float> y);
/// The gradient of a window goes to the first element, row by row, that equals its maximum.
void max_pool2d_backward(const Pool2dShape& shape, std::span<const float> x,
                         std::span<const float> grad_y, std::span<float> grad_x);

/// y = the mean of each window.
void avg_pool2d_forward(const Pool2dShape& shape, std::span<const float> x, std::span<float> y);
/// Each element of a window gets an equal share of its gradient.
void avg_pool2d_backward(const Pool2dShape& shape, std::span<const float> grad_y,
                         std::span<float> grad_x);

}  // namespace digitry::kernels::reference
