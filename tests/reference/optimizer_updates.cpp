#include <cmath>

#include "tests/reference/reference.h"

namespace digitry::kernels::reference {
namespace {

// The value after weight decay, from which the update starts.
double decayed(std::span<const float> values, std::size_t i, const WeightDecay& decay,
               float learning_rate) {
  const bool decays = static_cast<std::int64_t>(i) < decay.count;
  return values[i] * (decays ? 1.0 - double{learning_rate} * double{decay.rate} : 1.0);
}

}  // namespace

void adam_update(const AdamStep& step, std::span<const float> gradients, std::span<float> first,
                 std::span<float> second, std::span<float> values) {
  const auto t = static_cast<double>(step.step);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double g = double{gradients[i]} * double{step.gradient_factor};
    const double m = double{step.beta1} * first[i] + (1.0 - double{step.beta1}) * g;
    const double v = double{step.beta2} * second[i] + (1.0 - double{step.beta2}) * g * g;
    const double m_hat = m / (1.0 - std::pow(double{step.beta1}, t));
    const double v_hat = v / (1.0 - std::pow(double{step.beta2}, t));
    first[i] = static_cast<float>(m);
    second[i] = static_cast<float>(v);
    values[i] = static_cast<float>(decayed(values, i, step.decay, step.learning_rate) -
                                   double{step.learning_rate} * m_hat /
                                       (std::sqrt(v_hat) + double{step.epsilon}));
  }
}

void sgd_update(const SgdStep& step, std::span<const float> gradients, std::span<float> velocity,
                std::span<float> values) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double g = double{gradients[i]} * double{step.gradient_factor};
    double update = g;
    if (!velocity.empty()) {
      const double u = double{step.momentum} * velocity[i] + g;
      velocity[i] = static_cast<float>(u);
      update = step.nesterov ? double{step.momentum} * u + g : u;
    }
    values[i] = static_cast<float>(decayed(values, i, step.decay, step.learning_rate) -
                                   double{step.learning_rate} * update);
  }
}

void lion_update(const LionStep& step, std::span<const float> gradients, std::span<float> momentum,
                 std::span<float> values) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double g = double{gradients[i]} * double{step.gradient_factor};
    const double c = double{step.beta1} * momentum[i] + (1.0 - double{step.beta1}) * g;
    double sign = c;  // If c is 0 or NaN.
    if (c > 0) sign = 1;
    if (c < 0) sign = -1;
    values[i] = static_cast<float>(decayed(values, i, step.decay, step.learning_rate) -
                                   double{step.learning_rate} * sign);
    momentum[i] =
        static_cast<float>(double{step.beta2} * momentum[i] + (1.0 - double{step.beta2}) * g);
  }
}

void average_update(double decay, std::span<const float> values, std::span<float> average) {
  for (std::size_t i = 0; i < values.size(); ++i)
    average[i] = static_cast<float>(decay * double{average[i]} + (1.0 - decay) * double{values[i]});
}

double sum_of_squares(std::span<const float> values) {
  double sum = 0;
  for (const float value : values) sum += double{value} * double{value};
  return sum;
}

}  // namespace digitry::kernels::reference
