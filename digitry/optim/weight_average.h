#pragma once

#include <cstdint>
#include <span>

namespace digitry {

/// The decay of update number `num_updates` (from 0) of an exponential moving average: smaller than
/// `decay` at first, so that an average over few steps does not hang on to the initial weights.
///
///   min(decay, (1 + n) / (10 + n))
///
/// Source: the formula of TensorFlow's ExponentialMovingAverage.
double average_decay(double decay, std::int64_t num_updates);

/// Takes `values` into their moving average, which starts as a copy of them:
/// a ← d a + (1 − d) w, with d of `average_decay`.
/// Source: Polyak, Juditsky, "Acceleration of stochastic approximation by averaging", 1992.
void update_weight_average(double decay, std::int64_t num_updates, std::span<const float> values,
                           std::span<float> average);

}  // namespace digitry
