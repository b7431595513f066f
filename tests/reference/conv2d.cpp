#include "tests/reference/conv2d.h"

#include <algorithm>
#include <vector>

namespace digitry::kernels::reference {
namespace {

// Calls body(x index, weight index, y index) for each product in the sum of the convolution.
template <typename Body>
void for_each_product(const Conv2dShape& s, const Body& body) {
  const std::int64_t oh_count = s.out_height();
  const std::int64_t ow_count = s.out_width();
  const std::int64_t k = s.kernel_size;
  const std::int64_t ic_count = s.in_channels / s.groups;
  const std::int64_t oc_count = s.out_channels / s.groups;
  for (std::int64_t n = 0; n < s.batch_size; ++n)
    for (std::int64_t oc = 0; oc < s.out_channels; ++oc)
      for (std::int64_t ic = 0; ic < ic_count; ++ic)
        for (std::int64_t oh = 0; oh < oh_count; ++oh)
          for (std::int64_t ow = 0; ow < ow_count; ++ow)
            for (std::int64_t kh = 0; kh < k; ++kh)
              for (std::int64_t kw = 0; kw < k; ++kw) {
                const std::int64_t ih = oh * s.stride + kh - s.padding;
                const std::int64_t iw = ow * s.stride + kw - s.padding;
                if (ih < 0 || ih >= s.height || iw < 0 || iw >= s.width) continue;
                const std::int64_t channel = n * s.in_channels + oc / oc_count * ic_count + ic;
                body(static_cast<std::size_t>((channel * s.height + ih) * s.width + iw),
                     static_cast<std::size_t>(((oc * ic_count + ic) * k + kh) * k + kw),
                     static_cast<std::size_t>(
                         ((n * s.out_channels + oc) * oh_count + oh) * ow_count + ow));
              }
}

void round_to(std::span<const double> sums, std::span<float> to) {
  std::ranges::transform(sums, to.begin(), [](double sum) { return static_cast<float>(sum); });
}

// The output channel of an element of y.
std::size_t channel_of(const Conv2dShape& s, std::size_t y_index) {
  const auto positions = static_cast<std::size_t>(s.out_height() * s.out_width());
  return y_index / positions % static_cast<std::size_t>(s.out_channels);
}

}  // namespace

void conv2d_forward(const Conv2dShape& shape, std::span<const float> x,
                    std::span<const float> weight, std::span<const float> bias,
                    std::span<float> y) {
  std::vector<double> sums(y.size());
  if (!bias.empty())
    for (std::size_t i = 0; i < sums.size(); ++i) sums[i] = double{bias[channel_of(shape, i)]};
  for_each_product(shape, [&](std::size_t x_index, std::size_t weight_index, std::size_t y_index) {
    sums[y_index] += double{weight[weight_index]} * double{x[x_index]};
  });
  round_to(sums, y);
}

void conv2d_backward_data(const Conv2dShape& shape, std::span<const float> weight,
                          std::span<const float> grad_y, std::span<float> grad_x) {
  std::vector<double> sums(grad_x.size());
  for_each_product(shape, [&](std::size_t x_index, std::size_t weight_index, std::size_t y_index) {
    sums[x_index] += double{weight[weight_index]} * double{grad_y[y_index]};
  });
  round_to(sums, grad_x);
}

void conv2d_backward_weights(const Conv2dShape& shape, std::span<const float> x,
                             std::span<const float> grad_y, std::span<float> grad_weight,
                             std::span<float> grad_bias) {
  std::vector<double> sums(grad_weight.size());
  for_each_product(shape, [&](std::size_t x_index, std::size_t weight_index, std::size_t y_index) {
    sums[weight_index] += double{grad_y[y_index]} * double{x[x_index]};
  });
  round_to(sums, grad_weight);
  if (grad_bias.empty()) return;
  std::vector<double> bias_sums(grad_bias.size());
  for (std::size_t i = 0; i < grad_y.size(); ++i)
    bias_sums[channel_of(shape, i)] += double{grad_y[i]};
  round_to(bias_sums, grad_bias);
}

}  // namespace digitry::kernels::reference
