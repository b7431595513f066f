#include "digitry/optim/optimizer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "digitry/kernels/reference/reference.h"
#include "tests/support/errors.h"
#include "tests/support/near.h"
#include "tests/support/values.h"

namespace digitry {
namespace {

using test::expect_near;
using test::random_values;

constexpr std::size_t kSize = 50;

TEST(Adam, StepsAreTheReference) {
  const AdamOptions options{.learning_rate = 0.02, .beta1 = 0.8, .beta2 = 0.99, .epsilon = 1e-6};
  const auto optimizer = make_adam(options, kSize);
  std::vector<float> values = random_values(kSize, 1);
  std::vector<float> want = values;
  std::vector<float> first(kSize), second(kSize);
  for (std::int64_t step = 1; step <= 30; ++step) {
    const auto gradients = random_values(kSize, static_cast<std::uint32_t>(step) + 10);
    const double factor = step % 2 == 0 ? 0.5 : 1.0;
    optimizer->step(gradients, values, factor);
    kernels::reference::adam_update({.learning_rate = static_cast<float>(0.02 * factor),
                                     .beta1 = 0.8F,
                                     .beta2 = 0.99F,
                                     .epsilon = 1e-6F,
                                     .step = step},
                                    gradients, first, second, want);
  }
  EXPECT_EQ(optimizer->num_steps(), 30);
  expect_near(values, want, 1e-5, 1e-5);
  ASSERT_EQ(optimizer->state().size(), 2u);
  EXPECT_EQ(optimizer->state()[0].first, "first_moment");
  EXPECT_EQ(optimizer->state()[1].first, "second_moment");
  expect_near(optimizer->state()[0].second, first, 1e-6, 1e-5);
  expect_near(optimizer->state()[1].second, second, 1e-6, 1e-5);
}

TEST(Sgd, StepsAreTheReference) {
  for (const double momentum : {0.0, 0.9}) {
    const auto optimizer = make_sgd({.learning_rate = 0.1, .momentum = momentum}, kSize);
    std::vector<float> values = random_values(kSize, 1);
    std::vector<float> want = values;
    std::vector<float> velocity(momentum == 0 ? 0 : kSize);
    for (std::uint32_t step = 1; step <= 30; ++step) {
      const auto gradients = random_values(kSize, step + 10);
      optimizer->step(gradients, values, 0.5);
      kernels::reference::sgd_update(
          {.learning_rate = 0.05F, .momentum = static_cast<float>(momentum)}, gradients, velocity,
          want);
    }
    expect_near(values, want, 1e-5, 1e-5);
    EXPECT_EQ(optimizer->state().size(), momentum == 0 ? 0u : 1u);
  }
}

// f(w) = ½ Σ aᵢ wᵢ², whose gradient is aᵢ wᵢ and whose minimum is 0.
TEST(Optimizers, ReachTheMinimumOfABowl) {
  for (const char* type : {"adam", "sgd"}) {
    const auto optimizer =
        make_optimizer({{"type", std::string(type)}, {"learning_rate", 0.05}}, kSize);
    std::vector<float> values = random_values(kSize, 1);
    std::vector<float> gradients(kSize);
    for (int step = 0; step < 2000; ++step) {
      for (std::size_t i = 0; i < kSize; ++i)
        gradients[i] = (0.1F + 0.05F * static_cast<float>(i)) * values[i];
      optimizer->step(gradients, values, 1.0);
    }
    EXPECT_LT(
        std::fabs(*std::ranges::max_element(values, {}, [](float v) { return std::fabs(v); })),
        1e-2)
        << type;
  }
}

TEST(Optimizers, GoOnFromTheirState) {
  for (const char* type : {"adam", "sgd"}) {
    const Options options{{"type", std::string(type)}};
    const auto run = [](Optimizer& optimizer, std::vector<float>& values, std::uint32_t from,
                        std::uint32_t to) {
      for (std::uint32_t step = from; step < to; ++step)
        optimizer.step(random_values(kSize, step + 10), values, 1.0);
    };
    const auto whole = make_optimizer(options, kSize);
    std::vector<float> want = random_values(kSize, 1);
    run(*whole, want, 0, 9);

    const auto before = make_optimizer(options, kSize);
    std::vector<float> values = random_values(kSize, 1);
    run(*before, values, 0, 4);
    const auto after = make_optimizer(options, kSize);
    for (std::size_t i = 0; i < before->state().size(); ++i)
      std::ranges::copy(before->state()[i].second, after->state()[i].second.begin());
    after->set_num_steps(before->num_steps());
    run(*after, values, 4, 9);
    EXPECT_TRUE(test::same_bits(values, want)) << type;
  }
}

TEST(Optimizers, RateZeroMovesNothing) {
  for (const char* type : {"adam", "sgd"}) {
    const auto optimizer = make_optimizer({{"type", std::string(type)}}, kSize);
    std::vector<float> values = random_values(kSize, 1);
    optimizer->step(random_values(kSize, 2), values, 0.0);
    EXPECT_TRUE(test::same_bits(values, random_values(kSize, 1))) << type;
  }
}

TEST(MakeOptimizer, DefaultsAreThePapers) {
  const auto adam = make_optimizer({}, 0);
  EXPECT_EQ(adam->type(), "adam");
  EXPECT_EQ(
      adam->options(),
      (Options{{"learning_rate", 1e-3}, {"beta1", 0.9}, {"beta2", 0.999}, {"epsilon", 1e-8}}));
  const auto sgd = make_optimizer({{"type", std::string("sgd")}, {"momentum", 0.5}}, 0);
  EXPECT_EQ(sgd->type(), "sgd");
  EXPECT_EQ(sgd->options(), (Options{{"learning_rate", 1e-2}, {"momentum", 0.5}}));
  EXPECT_EQ(sgd->learning_rate(), 1e-2);
}

TEST(MakeOptimizer, RefusesWhatItDoesNotKnow) {
  const auto refuse = [](const std::vector<std::string>& parts, const Options& options) {
    test::expect_error(ErrorCode::kBadData, parts, [&] { make_optimizer(options, 0); });
  };
  const std::string sgd = "sgd";
  refuse({"[optimizer]", "'type'", "adam, sgd", "\"rmsprop\""}, {{"type", std::string("rmsprop")}});
  refuse({"unknown key 'lr'", "learning_rate"}, {{"lr", 0.1}});
  refuse({"unknown key 'momentum'"}, {{"momentum", 0.9}});
  refuse({"unknown key 'beta1'"}, {{"type", sgd}, {"beta1", 0.9}});
  refuse({"'learning_rate'", "got -0.1"}, {{"learning_rate", -0.1}});
  refuse({"'learning_rate'", "got 1001"}, {{"learning_rate", std::int64_t{1001}}});
  refuse({"'learning_rate'", "\"fast\""}, {{"learning_rate", std::string("fast")}});
  refuse({"'beta1'", "got 1.0"}, {{"beta1", 1.0}});
  refuse({"'beta2'"}, {{"beta2", -1.0}});
  refuse({"'epsilon'"}, {{"epsilon", 0.0}});
  refuse({"'momentum'", "got 1.0"}, {{"type", sgd}, {"momentum", 1.0}});
}

}  // namespace
}  // namespace digitry
