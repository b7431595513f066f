#include "tests/reference/batch_norm.h"

#include <cmath>
#include <vector>

namespace digitry::kernels::reference {
namespace {

double count_of(const BatchNormShape& shape) {
  return static_cast<double>(shape.batch_size * shape.positions);
}

// Calls body(c, element) for every element of x.
template <typename Body>
void for_each_element(const BatchNormShape& shape, const Body& body) {
  std::size_t element = 0;
  for (std::int64_t n = 0; n < shape.batch_size; ++n)
    for (std::int64_t c = 0; c < shape.channels; ++c)
      for (std::int64_t p = 0; p < shape.positions; ++p)
        body(static_cast<std::size_t>(c), element++);
}

struct Statistics {
  std::vector<double> mean, variance;
};

Statistics statistics(const BatchNormShape& shape, std::span<const float> x) {
  const auto channels = static_cast<std::size_t>(shape.channels);
  Statistics batch{std::vector<double>(channels), std::vector<double>(channels)};
  for_each_element(shape, [&](std::size_t c, std::size_t i) { batch.mean[c] += double{x[i]}; });
  for (double& mean : batch.mean) mean /= count_of(shape);
  for_each_element(shape, [&](std::size_t c, std::size_t i) {
    batch.variance[c] += (x[i] - batch.mean[c]) * (x[i] - batch.mean[c]);
  });
  for (double& variance : batch.variance) variance /= count_of(shape);
  return batch;
}

}  // namespace

void batch_norm_statistics(const BatchNormShape& shape, std::span<const float> x,
                           std::span<float> mean, std::span<float> variance) {
  const Statistics batch = statistics(shape, x);
  for (std::size_t c = 0; c < mean.size(); ++c) {
    mean[c] = static_cast<float>(batch.mean[c]);
    variance[c] = static_cast<float>(batch.variance[c]);
  }
}

void batch_norm_forward(const BatchNormShape& shape, double epsilon, std::span<const float> x,
                        std::span<const float> mean, std::span<const float> variance,
                        std::span<const float> weight, std::span<const float> bias,
                        std::span<float> y) {
  for_each_element(shape, [&](std::size_t c, std::size_t i) {
    const double normalized = (double{x[i]} - mean[c]) / std::sqrt(variance[c] + epsilon);
    y[i] = static_cast<float>(weight[c] * normalized + bias[c]);
  });
}

void batch_norm_backward(const BatchNormShape& shape, double epsilon, std::span<const float> x,
                         std::span<const float> weight, std::span<const float> grad_y,
                         std::span<float> grad_x, std::span<float> grad_weight,
                         std::span<float> grad_bias) {
  const Statistics batch = statistics(shape, x);
  const auto normalized = [&](std::size_t c, std::size_t i) {
    return (x[i] - batch.mean[c]) / std::sqrt(batch.variance[c] + epsilon);
  };
  std::vector<double> weight_sums(grad_weight.size());
  std::vector<double> bias_sums(grad_bias.size());
  for_each_element(shape, [&](std::size_t c, std::size_t i) {
    weight_sums[c] += grad_y[i] * normalized(c, i);
    bias_sums[c] += double{grad_y[i]};
  });
  const double m = count_of(shape);
  for_each_element(shape, [&](std::size_t c, std::size_t i) {
    const double through = grad_y[i] - bias_sums[c] / m - normalized(c, i) * weight_sums[c] / m;
    grad_x[i] = static_cast<float>(weight[c] / std::sqrt(batch.variance[c] + epsilon) * through);
  });
  for (std::size_t c = 0; c < weight_sums.size(); ++c) {
    grad_weight[c] = static_cast<float>(weight_sums[c]);
    grad_bias[c] = static_cast<float>(bias_sums[c]);
  }
}

void batch_norm_move_statistics(const BatchNormShape& shape, double momentum,
                                std::span<const float> mean, std::span<const float> variance,
                                std::span<float> running_mean, std::span<float> running_variance) {
  const double m = count_of(shape);
  const double unbiased = m > 1 ? m / (m - 1) : 1.0;
  for (std::size_t c = 0; c < mean.size(); ++c) {
    running_mean[c] = static_cast<float>((1 - momentum) * running_mean[c] + momentum * mean[c]);
    running_variance[c] = static_cast<float>((1 - momentum) * running_variance[c] +
                                             momentum * unbiased * variance[c]);
  }
}

}  // namespace digitry::kernels::reference
