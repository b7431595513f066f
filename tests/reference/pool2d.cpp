#include "tests/reference/pool2d.h"

#include <algorithm>
#include <vector>

namespace digitry::kernels::reference {
namespace {

// Calls body(y index, x indices of its window) for every element of y.
template <typename Body>
void for_each_window(const Pool2dShape& s, const Body& body) {
  std::vector<std::size_t> window;
  std::size_t y_index = 0;
  for (std::int64_t plane = 0; plane < s.planes; ++plane)
    for (std::int64_t oh = 0; oh < s.out_height(); ++oh)
      for (std::int64_t ow = 0; ow < s.out_width(); ++ow) {
        window.clear();
        const std::int64_t top = oh * s.stride - s.padding;
        const std::int64_t left = ow * s.stride - s.padding;
        for (std::int64_t ih = std::max<std::int64_t>(top, 0);
             ih < std::min(top + s.kernel_size, s.height); ++ih)
          for (std::int64_t iw = std::max<std::int64_t>(left, 0);
               iw < std::min(left + s.kernel_size, s.width); ++iw)
            window.push_back(static_cast<std::size_t>((plane * s.height + ih) * s.width + iw));
        body(y_index++, window);
      }
}

std::size_t first_maximum(std::span<const float> x, const std::vector<std::size_t>& window) {
  return *std::ranges::max_element(window, {}, [&](std::size_t index) { return x[index]; });
}

}  // namespace

void max_pool2d_forward(const Pool2dShape& shape, std::span<const float> x, std::span<float> y) {
  for_each_window(shape, [&](std::size_t y_index, const auto& window) {
    y[y_index] = x[first_maximum(x, window)];
  });
}

void max_pool2d_backward(const Pool2dShape& shape, std::span<const float> x,
                         std::span<const float> grad_y, std::span<float> grad_x) {
  std::ranges::fill(grad_x, 0.0F);
  for_each_window(shape, [&](std::size_t y_index, const auto& window) {
    grad_x[first_maximum(x, window)] += grad_y[y_index];
  });
}

void avg_pool2d_forward(const Pool2dShape& shape, std::span<const float> x, std::span<float> y) {
  for_each_window(shape, [&](std::size_t y_index, const auto& window) {
    double sum = 0;
    for (const std::size_t x_index : window) sum += double{x[x_index]};
    y[y_index] = static_cast<float>(sum / static_cast<double>(window.size()));
  });
}

void avg_pool2d_backward(const Pool2dShape& shape, std::span<const float> grad_y,
                         std::span<float> grad_x) {
  std::vector<double> sums(grad_x.size());
  for_each_window(shape, [&](std::size_t y_index, const auto& window) {
    for (const std::size_t x_index : window)
      sums[x_index] += double{grad_y[y_index]} / static_cast<double>(window.size());
  });
  std::ranges::transform(sums, grad_x.begin(), [](double sum) { return static_cast<float>(sum); });
}

}  // namespace digitry::kernels::reference
