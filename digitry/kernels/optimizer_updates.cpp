#include "digitry/kernels/optimizer_updates.h"

#include <cassert>
#include <cmath>

#include "digitry/base/parallel.h"
#include "digitry/base/vectorize.h"

namespace digitry::kernels {
namespace {

constexpr std::int64_t kGrain = 4096;

struct AdamFactors {
  float beta1, one_minus_beta1, beta2, one_minus_beta2, rate, epsilon;
};

DIGITRY_VECTORIZE void adam_range(const AdamFactors& f, const float* __restrict g,
                                  float* __restrict m, float* __restrict v, float* __restrict w,
                                  std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) {
    const float m_i = f.beta1 * m[i] + f.one_minus_beta1 * g[i];
    const float v_i = f.beta2 * v[i] + f.one_minus_beta2 * g[i] * g[i];
    m[i] = m_i;
    v[i] = v_i;
    w[i] -= f.rate * m_i / (__builtin_sqrtf(v_i) + f.epsilon);
  }
}

DIGITRY_VECTORIZE void momentum_range(const SgdStep& s, const float* __restrict g,
                                      float* __restrict u, float* __restrict w,
                                      std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) {
    u[i] = s.momentum * u[i] + g[i];
    w[i] -= s.learning_rate * u[i];
  }
}

DIGITRY_VECTORIZE void sgd_range(const SgdStep& s, const float* __restrict g, float* __restrict w,
                                 std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) w[i] -= s.learning_rate * g[i];
}

}  // namespace

void adam_update(const AdamStep& step, std::span<const float> gradients, std::span<float> first,
                 std::span<float> second, std::span<float> values) {
  assert(gradients.size() == values.size() && first.size() == values.size() &&
         second.size() == values.size());
  // √(v/c₂) + ε = (√v + ε √c₂) / √c₂: the corrections move into two constants of the step.
  const auto t = static_cast<double>(step.step);
  const double correction1 = 1.0 - std::pow(static_cast<double>(step.beta1), t);
  const double root2 = std::sqrt(1.0 - std::pow(static_cast<double>(step.beta2), t));
  const AdamFactors factors{.beta1 = step.beta1,
                            .one_minus_beta1 = 1.0F - step.beta1,
                            .beta2 = step.beta2,
                            .one_minus_beta2 = 1.0F - step.beta2,
                            .rate = static_cast<float>(step.learning_rate * root2 / correction1),
                            .epsilon = static_cast<float>(step.epsilon * root2)};
  parallel_for(std::ssize(values), kGrain, [&](std::int64_t begin, std::int64_t end) {
    adam_range(factors, gradients.data() + begin, first.data() + begin, second.data() + begin,
               values.data() + begin, end - begin);
  });
}

void sgd_update(const SgdStep& step, std::span<const float> gradients, std::span<float> velocity,
                std::span<float> values) {
  assert(gradients.size() == values.size());
  assert(velocity.size() == values.size() || (velocity.empty() && step.momentum == 0));
  parallel_for(std::ssize(values), kGrain, [&](std::int64_t begin, std::int64_t end) {
    if (velocity.empty())
      sgd_range(step, gradients.data() + begin, values.data() + begin, end - begin);
    else
      momentum_range(step, gradients.data() + begin, velocity.data() + begin, values.data() + begin,
                     end - begin);
  });
}

}  // namespace digitry::kernels
