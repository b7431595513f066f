#include "tests/reference/reference.h"

#include <algorithm>
#include <cmath>

namespace digitry::kernels::reference {
namespace {

std::size_t at(std::int64_t row, std::int64_t columns, std::int64_t column) {
  return static_cast<std::size_t>(row * columns + column);
}

}  // namespace

void dense_forward(const DenseShape& shape, std::span<const float> x, std::span<const float> weight,
                   std::span<const float> bias, std::span<float> y) {
  const auto [batch, ic_count, oc_count] = shape;
  for (std::int64_t n = 0; n < batch; ++n)
    for (std::int64_t oc = 0; oc < oc_count; ++oc) {
      double sum = bias[static_cast<std::size_t>(oc)];
      for (std::int64_t ic = 0; ic < ic_count; ++ic)
        sum += double{weight[at(oc, ic_count, ic)]} * double{x[at(n, ic_count, ic)]};
      y[at(n, oc_count, oc)] = static_cast<float>(sum);
    }
}

void dense_backward_data(const DenseShape& shape, std::span<const float> weight,
                         std::span<const float> grad_y, std::span<float> grad_x) {
  const auto [batch, ic_count, oc_count] = shape;
  for (std::int64_t n = 0; n < batch; ++n)
    for (std::int64_t ic = 0; ic < ic_count; ++ic) {
      double sum = 0;
      for (std::int64_t oc = 0; oc < oc_count; ++oc)
        sum += double{weight[at(oc, ic_count, ic)]} * double{grad_y[at(n, oc_count, oc)]};
      grad_x[at(n, ic_count, ic)] = static_cast<float>(sum);
    }
}

void dense_backward_weights(const DenseShape& shape, std::span<const float> x,
                            std::span<const float> grad_y, std::span<float> grad_weight,
                            std::span<float> grad_bias) {
  const auto [batch, ic_count, oc_count] = shape;
  for (std::int64_t oc = 0; oc < oc_count; ++oc) {
    double bias_sum = 0;
    for (std::int64_t n = 0; n < batch; ++n) bias_sum += double{grad_y[at(n, oc_count, oc)]};
    grad_bias[static_cast<std::size_t>(oc)] = static_cast<float>(bias_sum);
    for (std::int64_t ic = 0; ic < ic_count; ++ic) {
      double sum = 0;
      for (std::int64_t n = 0; n < batch; ++n)
        sum += double{grad_y[at(n, oc_count, oc)]} * double{x[at(n, ic_count, ic)]};
      grad_weight[at(oc, ic_count, ic)] = static_cast<float>(sum);
    }
  }
}

void relu_forward(std::span<float> values) {
  for (float& value : values) value = std::max(value, 0.0F);
}

void relu_backward(std::span<const float> output, std::span<float> grad) {
  for (std::size_t i = 0; i < grad.size(); ++i)
    if (!(output[i] > 0)) grad[i] = 0;
}

void dropout_forward(std::span<float> values, std::span<std::uint8_t> keep, float rate,
                     const DropoutStream& stream) {
  // The layout of the decisions: a group of 512 elements uses 64 Philox blocks. Element e < 256 of
  // it takes the low half of word e / 64 of block e % 64, element 256 + e the high half.
  const RandomStream random(stream.seed, RandomPurpose::kDropout, stream.step, stream.layer);
  const auto words = random.stream_words();
  const auto threshold = static_cast<std::uint32_t>(std::lround(rate * 65536.0F));
  for (std::size_t n = 0; n < values.size(); ++n) {
    const std::size_t i = static_cast<std::size_t>(stream.first) + n;
    const std::size_t e = i % 256;
    const std::uint64_t block = i / 512 * 64 + e % 64;
    const Philox::Counter bits =
        Philox::block({static_cast<std::uint32_t>(block), static_cast<std::uint32_t>(block >> 32),
                       words[0], words[1]},
                      random.key());
    const std::uint32_t decision = bits[e / 64] >> (i % 512 < 256 ? 0 : 16) & 0xFFFF;
    keep[n] = decision >= threshold ? 1 : 0;
    values[n] = keep[n] != 0 ? values[n] / (1.0F - rate) : 0.0F;
  }
}

void dropout_backward(std::span<const std::uint8_t> keep, std::span<float> grad, float rate) {
  for (std::size_t i = 0; i < grad.size(); ++i)
    grad[i] = keep[i] != 0 ? grad[i] / (1.0F - rate) : 0.0F;
}

void scale_channels(const ChannelLayout& layout, std::span<float> values,
                    std::span<const float> factors) {
  const std::int64_t blocks = (layout.channels + layout.block - 1) / layout.block;
  std::size_t i = 0;
  for (std::int64_t n = 0; n < layout.batch_size; ++n)
    for (std::int64_t b = 0; b < blocks; ++b)
      for (std::int64_t p = 0; p < layout.positions; ++p)
        for (std::int64_t lane = 0; lane < layout.block; ++lane) {
          const std::int64_t channel = b * layout.block + lane;
          values[i++] *= channel < layout.channels ? factors[at(n, layout.channels, channel)] : 0;
        }
}

void scale_pixels(std::span<const std::uint8_t> from, std::span<float> to, float scale,
                  float offset) {
  for (std::size_t i = 0; i < to.size(); ++i)
    to[i] = static_cast<float>(from[i] * double{scale} + double{offset});
}

double squared_distance(std::span<const float> a, std::span<const float> b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    sum += (double{a[i]} - double{b[i]}) * (double{a[i]} - double{b[i]});
  return sum;
}

double dot(std::span<const float> a, std::span<const float> b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += double{a[i]} * double{b[i]};
  return sum;
}

void normalize(std::span<float> vector) {
  const double length = std::sqrt(dot(vector, vector));
  for (float& value : vector)
    if (length > 0) value = static_cast<float>(value / length);
}

std::int64_t softmax_cross_entropy(std::span<const float> logits,
                                   std::span<const std::int32_t> labels, std::int64_t num_classes,
                                   float grad_scale, std::span<float> losses, std::span<float> grad,
                                   float label_smoothing) {
  std::int64_t correct = 0;
  const double others = double{label_smoothing} / static_cast<double>(num_classes);
  for (std::int64_t row = 0; row < std::ssize(labels); ++row) {
    const std::int64_t label = labels[static_cast<std::size_t>(row)];
    double largest = -HUGE_VAL;
    std::int64_t predicted = 0;
    for (std::int64_t c = 0; c < num_classes; ++c)
      if (logits[at(row, num_classes, c)] > largest) {
        largest = logits[at(row, num_classes, c)];
        predicted = c;
      }
    double sum = 0;
    for (std::int64_t c = 0; c < num_classes; ++c)
      sum += std::exp(double{logits[at(row, num_classes, c)]} - largest);
    const double log_sum = std::log(sum) + largest;
    double loss = 0;
    for (std::int64_t c = 0; c < num_classes; ++c) {
      const double target = others + (c == label ? 1.0 - double{label_smoothing} : 0.0);
      const double log_probability = double{logits[at(row, num_classes, c)]} - log_sum;
      if (target != 0) loss -= target * log_probability;
      if (!grad.empty())
        grad[at(row, num_classes, c)] =
            static_cast<float>((std::exp(log_probability) - target) * double{grad_scale});
    }
    losses[static_cast<std::size_t>(row)] = static_cast<float>(loss);
    correct += predicted == label ? 1 : 0;
  }
  return correct;
}

}  // namespace digitry::kernels::reference
