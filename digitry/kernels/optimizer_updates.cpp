#include "digitry/kernels/optimizer_updates.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>

#include "digitry/base/parallel.h"
#include "digitry/base/vectorize.h"

namespace digitry::kernels {
namespace {

constexpr std::int64_t kUpdateGrain = 4096;

struct AdamFactors {
  float beta1, one_minus_beta1, beta2, one_minus_beta2, rate, epsilon, gradient;
};

// In each of these, `keep` is the factor of weight decay: 1 if there is none.

DIGITRY_INLINE void adam_range(const AdamFactors& f, float keep, const float* __restrict g,
                               float* __restrict m, float* __restrict v, float* __restrict w,
                               std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) {
    const float g_i = f.gradient * g[i];
    const float m_i = f.beta1 * m[i] + f.one_minus_beta1 * g_i;
    const float v_i = f.beta2 * v[i] + f.one_minus_beta2 * g_i * g_i;
    m[i] = m_i;
    v[i] = v_i;
    w[i] = keep * w[i] - f.rate * m_i / (__builtin_sqrtf(v_i) + f.epsilon);
  }
}

DIGITRY_INLINE void momentum_range(const SgdStep& s, float keep, const float* __restrict g,
                                   float* __restrict u, float* __restrict w, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) {
    u[i] = s.momentum * u[i] + s.gradient_factor * g[i];
    w[i] = keep * w[i] - s.learning_rate * u[i];
  }
}

DIGITRY_INLINE void nesterov_range(const SgdStep& s, float keep, const float* __restrict g,
                                   float* __restrict u, float* __restrict w, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) {
    const float g_i = s.gradient_factor * g[i];
    u[i] = s.momentum * u[i] + g_i;
    w[i] = keep * w[i] - s.learning_rate * (s.momentum * u[i] + g_i);
  }
}

DIGITRY_INLINE void sgd_range(float rate, float keep, const float* __restrict g,
                              float* __restrict w, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) w[i] = keep * w[i] - rate * g[i];
}

DIGITRY_INLINE void lion_range(const LionStep& s, float keep, const float* __restrict g,
                               float* __restrict m, float* __restrict w, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) {
    const float g_i = s.gradient_factor * g[i];
    const float c = s.beta1 * m[i] + (1.0F - s.beta1) * g_i;
    // c − c is 0, or NaN if c is not finite.
    const float sign = (c > 0 ? 1.0F : 0.0F) - (c < 0 ? 1.0F : 0.0F) +
                       (c - c);  // NOLINT(misc-redundant-expression)
    w[i] = keep * w[i] - s.learning_rate * sign;
    m[i] = s.beta2 * m[i] + (1.0F - s.beta2) * g_i;
  }
}

DIGITRY_INLINE void average_range(float share, const float* __restrict w, float* __restrict a,
                                  std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) a[i] += share * (w[i] - a[i]);
}

// Squares of floats are exact in double, and the lanes are always added in the same order: all
// instruction-set levels give the same bits.
DIGITRY_INLINE double squares_range(const float* __restrict x, std::int64_t count) {
  constexpr std::int64_t kSums = 16;
  std::array<double, kSums> lanes{};
  std::int64_t i = 0;
  for (; i + kSums <= count; i += kSums)
    for (std::int64_t lane = 0; lane < kSums; ++lane) {
      const double value = x[i + lane];
      lanes[static_cast<std::size_t>(lane)] += value * value;
    }
  double sum = 0;
  for (const double lane : lanes) sum += lane;
  for (; i < count; ++i) sum += double{x[i]} * double{x[i]};
  return sum;
}

// Calls `range(begin, end, keep)` on parts of [0, count). Values that decay and values that do not
// are never in the same part.
template <typename Range>
void update_ranges(std::int64_t count, float learning_rate, const WeightDecay& decay,
                   const Range& range) {
  const float keep = 1.0F - learning_rate * decay.rate;
  parallel_for(count, kUpdateGrain, [&](std::int64_t begin, std::int64_t end) {
    const std::int64_t border = std::clamp(decay.count, begin, end);
    if (begin < border) range(begin, border, keep);
    if (border < end) range(border, end, 1.0F);
  });
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
                            .epsilon = static_cast<float>(step.epsilon * root2),
                            .gradient = step.gradient_factor};
  update_ranges(std::ssize(values), step.learning_rate, step.decay,
                [&](std::int64_t begin, std::int64_t end, float keep) {
                  vectorized<adam_range>(factors, keep, gradients.data() + begin,
                                         first.data() + begin, second.data() + begin,
                                         values.data() + begin, end - begin);
                });
}

void sgd_update(const SgdStep& step, std::span<const float> gradients, std::span<float> velocity,
                std::span<float> values) {
  assert(gradients.size() == values.size());
  assert(velocity.size() == values.size() || (velocity.empty() && step.momentum == 0));
  update_ranges(
      std::ssize(values), step.learning_rate, step.decay,
      [&](std::int64_t begin, std::int64_t end, float keep) {
        const float* g = gradients.data() + begin;
        float* w = values.data() + begin;
        if (velocity.empty())
          vectorized<sgd_range>(step.learning_rate * step.gradient_factor, keep, g, w, end - begin);
        else if (step.nesterov)
          vectorized<nesterov_range>(step, keep, g, velocity.data() + begin, w, end - begin);
        else
          vectorized<momentum_range>(step, keep, g, velocity.data() + begin, w, end - begin);
      });
}

void lion_update(const LionStep& step, std::span<const float> gradients, std::span<float> momentum,
                 std::span<float> values) {
  assert(gradients.size() == values.size() && momentum.size() == values.size());
  update_ranges(std::ssize(values), step.learning_rate, step.decay,
                [&](std::int64_t begin, std::int64_t end, float keep) {
                  vectorized<lion_range>(step, keep, gradients.data() + begin,
                                         momentum.data() + begin, values.data() + begin,
                                         end - begin);
                });
}

void average_update(double decay, std::span<const float> values, std::span<float> average) {
  assert(values.size() == average.size());
  const auto share = static_cast<float>(1.0 - decay);
  parallel_for(std::ssize(values), kUpdateGrain, [&](std::int64_t begin, std::int64_t end) {
    vectorized<average_range>(share, values.data() + begin, average.data() + begin, end - begin);
  });
}

double sum_of_squares(std::span<const float> values) {
  constexpr std::int64_t kParts = 64;  // Independent of the number of threads.
  std::array<double, kParts> sums{};
  const std::int64_t count = std::ssize(values);
  const std::int64_t grain = kParts * kUpdateGrain / std::max<std::int64_t>(count, 1) + 1;
  parallel_for(kParts, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t part = begin; part < end; ++part) {
      const std::int64_t first = count * part / kParts;
      sums[static_cast<std::size_t>(part)] =
          vectorized<squares_range>(values.data() + first, count * (part + 1) / kParts - first);
    }
  });
  double sum = 0;
  for (const double part : sums) sum += part;
  return sum;
}

}  // namespace digitry::kernels
