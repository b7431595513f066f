#include "digitry/kernels/optimizer_updates.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "digitry/base/parallel.h"
#include "tests/cases/elementwise_cases.h"
#include "tests/reference/reference.h"
#include "tests/support/near.h"
#include "tests/support/values.h"

namespace digitry::kernels {
namespace {

using test::expect_near;
using test::random_values;
using test::same_bits;

class OptimizerUpdates : public ::testing::TestWithParam<std::int64_t> {};
INSTANTIATE_TEST_SUITE_P(Sizes, OptimizerUpdates, ::testing::ValuesIn(cases::kElementwiseSizes),
                         ::testing::PrintToStringParamName());

// The arrays that an update changes.
struct State {
  std::vector<float> first, second, values;
};

State adam_state(std::int64_t size) {
  State state{random_values(size, 1), random_values(size, 2), random_values(size, 3)};
  for (float& v : state.second) v *= v;  // A mean of squares.
  return state;
}

// Decay of nothing, of a part that ends inside the share of a thread, of everything.
std::vector<WeightDecay> decays(std::int64_t size) {
  return {{}, {.rate = 0.5F, .count = size / 3}, {.rate = 0.5F, .count = size}};
}

// Checks `update` with one, two and three threads from the same state: near `want`, equal bits.
template <typename Update>
void expect_state(const State& start, const State& want, const Update& update) {
  State first_run;
  for (const int threads : {1, 2, 3}) {
    SCOPED_TRACE(std::to_string(threads) + " threads");
    const ScopedNumThreads scope(threads);
    State got = start;
    update(got);
    expect_near(got.first, want.first, 1e-6, 1e-6);
    expect_near(got.second, want.second, 1e-7, 1e-6);
    expect_near(got.values, want.values, 2e-6, 1e-5);
    if (threads == 1) first_run = got;
    EXPECT_TRUE(same_bits(got.first, first_run.first) && same_bits(got.second, first_run.second) &&
                same_bits(got.values, first_run.values));
  }
}

TEST_P(OptimizerUpdates, AdamIsTheReferenceAtEveryNumberOfThreads) {
  const auto gradients = random_values(GetParam(), 4);
  const State start = adam_state(GetParam());
  for (const std::int64_t step : {1, 2, 1000, 1'000'000})
    for (const WeightDecay& decay : decays(GetParam())) {
      const AdamStep update{
          .learning_rate = 0.01F, .decay = decay, .gradient_factor = 0.75F, .step = step};
      State want = start;
      reference::adam_update(update, gradients, want.first, want.second, want.values);
      expect_state(start, want, [&](State& got) {
        adam_update(update, gradients, got.first, got.second, got.values);
      });
    }
}

TEST_P(OptimizerUpdates, SgdIsTheReferenceAtEveryNumberOfThreads) {
  const auto gradients = random_values(GetParam(), 4);
  for (const auto& [momentum, nesterov] :
       std::vector<std::pair<float, bool>>{{0.0F, false}, {0.9F, false}, {0.9F, true}})
    for (const WeightDecay& decay : decays(GetParam())) {
      const SgdStep update{.learning_rate = 0.1F,
                           .momentum = momentum,
                           .nesterov = nesterov,
                           .decay = decay,
                           .gradient_factor = 0.75F};
      const State start{momentum == 0 ? std::vector<float>() : random_values(GetParam(), 1),
                        {},
                        random_values(GetParam(), 3)};
      State want = start;
      reference::sgd_update(update, gradients, want.first, want.values);
      expect_state(start, want,
                   [&](State& got) { sgd_update(update, gradients, got.first, got.values); });
    }
}

TEST_P(OptimizerUpdates, LionIsTheReferenceAtEveryNumberOfThreads) {
  const auto gradients = random_values(GetParam(), 4);
  const State start{random_values(GetParam(), 1), {}, random_values(GetParam(), 3)};
  for (const WeightDecay& decay : decays(GetParam())) {
    const LionStep update{.learning_rate = 0.01F, .decay = decay, .gradient_factor = 0.75F};
    State want = start;
    reference::lion_update(update, gradients, want.first, want.values);
    expect_state(start, want,
                 [&](State& got) { lion_update(update, gradients, got.first, got.values); });
  }
}

TEST_P(OptimizerUpdates, AverageIsTheReferenceAtEveryNumberOfThreads) {
  const auto values = random_values(GetParam(), 4);
  const State start{{}, {}, random_values(GetParam(), 3)};
  State want = start;
  reference::average_update(0.9, values, want.values);
  expect_state(start, want, [&](State& got) { average_update(0.9, values, got.values); });
}

TEST_P(OptimizerUpdates, SumOfSquaresIsTheReferenceWithTheSameBitsAtEveryNumberOfThreads) {
  const auto values = random_values(GetParam(), 4);
  const double want = reference::sum_of_squares(values);
  double first_run = 0;
  for (const int threads : {1, 2, 3}) {
    const ScopedNumThreads scope(threads);
    const double got = sum_of_squares(values);
    EXPECT_NEAR(got, want, 1e-12 * want);
    if (threads == 1) first_run = got;
    EXPECT_EQ(got, first_run) << threads << " threads";
  }
}

TEST(SumOfSquares, HoldsTheSquaresOfTheLargestFloats) {
  const float largest = std::numeric_limits<float>::max();
  EXPECT_DOUBLE_EQ(sum_of_squares(std::vector<float>(40, largest)),
                   40 * double{largest} * double{largest});
  EXPECT_TRUE(std::isnan(sum_of_squares(std::vector<float>{0, std::nanf(""), 1})));
}

TEST(LionUpdate, OfWhatIsNotFiniteIsNotANumber) {
  for (const float gradient : {HUGE_VALF, -HUGE_VALF, std::nanf("")}) {
    std::vector<float> gradients(40, gradient), momentum(40), values(40);
    lion_update({}, gradients, momentum, values);
    for (const float value : values) EXPECT_TRUE(std::isnan(value)) << gradient;
  }
}

TEST(AdamUpdate, FirstStepIsTheLearningRateWhateverTheGradient) {
  // m̂/√v̂ is ±1 after the bias corrections, unless ε matters.
  std::vector<float> gradients{1e-3F, -1.0F, 1e3F, 0.0F};
  std::vector<float> first(4), second(4), values(4);
  adam_update({.learning_rate = 0.01F, .step = 1}, gradients, first, second, values);
  expect_near(values, std::vector<float>{-0.01F, 0.01F, -0.01F, 0.0F}, 1e-9, 1e-4);
}

TEST(EveryUpdate, LeavesPaddingZero) {
  std::vector<float> zero(40), first(40), second(40), values(40);
  for (std::int64_t step = 1; step <= 3; ++step)
    adam_update({.decay = {.rate = 1, .count = 40}, .step = step}, zero, first, second, values);
  EXPECT_TRUE(same_bits(values, zero));
  sgd_update({.momentum = 0.9F, .nesterov = true, .decay = {.rate = 1, .count = 40}}, zero, first,
             values);
  EXPECT_TRUE(same_bits(values, zero));
  lion_update({.decay = {.rate = 1, .count = 40}}, zero, first, values);
  EXPECT_TRUE(same_bits(values, zero));
}

}  // namespace
}  // namespace digitry::kernels
