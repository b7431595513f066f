#include "digitry/kernels/optimizer_updates.h"

#include <gtest/gtest.h>

#include "digitry/kernels/reference/reference.h"
#include "tests/cases/elementwise_cases.h"
#include "tests/support/near.h"
#include "tests/support/values.h"

namespace digitry::kernels {
namespace {

using test::expect_near;
using test::random_values;
using test::same_bits;
using test::WithThreads;

class OptimizerUpdates : public ::testing::TestWithParam<std::int64_t> {};
INSTANTIATE_TEST_SUITE_P(Sizes, OptimizerUpdates, ::testing::ValuesIn(cases::kElementwiseSizes),
                         ::testing::PrintToStringParamName());

// What one update changes.
struct State {
  std::vector<float> first, second, values;
};

State adam_state(std::int64_t size) {
  State state{random_values(size, 1), random_values(size, 2), random_values(size, 3)};
  for (float& v : state.second) v *= v;  // A mean of squares.
  return state;
}

TEST_P(OptimizerUpdates, AdamIsTheReferenceAtEveryNumberOfThreads) {
  const auto gradients = random_values(GetParam(), 4);
  for (const std::int64_t step : {1, 2, 1000, 1'000'000}) {
    const AdamStep update{.learning_rate = 0.01F, .step = step};
    State want = adam_state(GetParam());
    reference::adam_update(update, gradients, want.first, want.second, want.values);
    State first_run;
    for (const int threads : {1, 2, 3}) {
      const WithThreads scope(threads);
      State got = adam_state(GetParam());
      adam_update(update, gradients, got.first, got.second, got.values);
      expect_near(got.first, want.first, 1e-6, 1e-6);
      expect_near(got.second, want.second, 1e-7, 1e-6);
      expect_near(got.values, want.values, 2e-6, 1e-5);
      if (threads == 1) first_run = got;
      EXPECT_TRUE(same_bits(got.first, first_run.first) &&
                  same_bits(got.second, first_run.second) &&
                  same_bits(got.values, first_run.values))
          << threads << " threads, step " << step;
    }
  }
}

TEST_P(OptimizerUpdates, SgdIsTheReferenceAtEveryNumberOfThreads) {
  const auto gradients = random_values(GetParam(), 4);
  for (const float momentum : {0.0F, 0.9F}) {
    const SgdStep update{.learning_rate = 0.1F, .momentum = momentum};
    const auto start = [&] { return random_values(GetParam(), 3); };
    const auto velocity_start = [&] {
      return momentum == 0 ? std::vector<float>() : random_values(GetParam(), 1);
    };
    std::vector<float> want = start();
    std::vector<float> want_velocity = velocity_start();
    reference::sgd_update(update, gradients, want_velocity, want);
    std::vector<float> first_run;
    for (const int threads : {1, 2, 3}) {
      const WithThreads scope(threads);
      std::vector<float> got = start();
      std::vector<float> velocity = velocity_start();
      sgd_update(update, gradients, velocity, got);
      expect_near(velocity, want_velocity, 1e-6, 1e-6);
      expect_near(got, want, 1e-6, 1e-6);
      if (threads == 1) first_run = got;
      EXPECT_TRUE(same_bits(got, first_run)) << threads << " threads, momentum " << momentum;
    }
  }
}

TEST(AdamUpdate, FirstStepIsTheLearningRateWhateverTheGradient) {
  // m̂/√v̂ is ±1 after the bias corrections, unless ε matters.
  std::vector<float> gradients{1e-3F, -1.0F, 1e3F, 0.0F};
  std::vector<float> first(4), second(4), values(4);
  adam_update({.learning_rate = 0.01F, .step = 1}, gradients, first, second, values);
  expect_near(values, std::vector<float>{-0.01F, 0.01F, -0.01F, 0.0F}, 1e-9, 1e-4);
}

TEST(AdamUpdate, PaddingStaysZero) {
  std::vector<float> zero(40), first(40), second(40), values(40);
  for (std::int64_t step = 1; step <= 3; ++step)
    adam_update({.step = step}, zero, first, second, values);
  EXPECT_TRUE(same_bits(values, zero));
}

}  // namespace
}  // namespace digitry::kernels
