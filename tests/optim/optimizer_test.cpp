#include "digitry/optim/optimizer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/reference/reference.h"
#include "tests/support/errors.h"
#include "tests/support/near.h"
#include "tests/support/values.h"

namespace digitry {
namespace {

using test::expect_near;
using test::random_values;

constexpr std::size_t kSize = 50;
constexpr ValueCounts kCounts{.all = kSize, .decayed = 20};

const std::vector<OptimizerOptions>& every_type() {
  static const std::vector<OptimizerOptions> types{
      Adam{}, Adam{.weight_decay = 0.01}, Sgd{}, Sgd{.nesterov = true}, Sgd{.momentum = 0}, Lion{}};
  return types;
}

double& weight_decay(OptimizerOptions& options) {
  return std::visit([](auto& held) -> double& { return held.weight_decay; }, options);
}

// The name in failure messages.
std::string name_of(const OptimizerOptions& options) {
  std::string name;
  for (const auto& [key, value] : to_attributes(options))
    name += key + " = " + to_string(value) + " ";
  return name;
}

TEST(Adam, StepsAreTheReference) {
  const Adam options{.learning_rate = 0.02, .beta1 = 0.8, .beta2 = 0.99, .epsilon = 1e-6};
  const auto optimizer = make_optimizer(options, kCounts);
  std::vector<float> values = random_values(kSize, 1);
  std::vector<float> want = values;
  std::vector<float> first(kSize), second(kSize);
  for (std::int64_t step = 1; step <= 30; ++step) {
    const auto gradients = random_values(kSize, static_cast<std::uint32_t>(step) + 10);
    const double factor = step % 2 == 0 ? 0.5 : 1.0;
    optimizer->step(gradients, values, {.learning_rate = factor});
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
    const auto optimizer = make_optimizer(Sgd{.learning_rate = 0.1, .momentum = momentum}, kCounts);
    std::vector<float> values = random_values(kSize, 1);
    std::vector<float> want = values;
    std::vector<float> velocity(momentum == 0 ? 0 : kSize);
    for (std::uint32_t step = 1; step <= 30; ++step) {
      const auto gradients = random_values(kSize, step + 10);
      optimizer->step(gradients, values, {.learning_rate = 0.5});
      kernels::reference::sgd_update(
          {.learning_rate = 0.05F, .momentum = static_cast<float>(momentum)}, gradients, velocity,
          want);
    }
    expect_near(values, want, 1e-5, 1e-5);
    EXPECT_EQ(optimizer->state().size(), momentum == 0 ? 0u : 1u);
  }
}

TEST(Lion, StepsAreTheReference) {
  const Lion options{.learning_rate = 0.01, .beta1 = 0.8, .beta2 = 0.95, .weight_decay = 0.5};
  const auto optimizer = make_optimizer(options, kCounts);
  std::vector<float> values = random_values(kSize, 1);
  std::vector<float> want = values;
  std::vector<float> momentum(kSize);
  for (std::uint32_t step = 1; step <= 30; ++step) {
    const auto gradients = random_values(kSize, step + 10);
    optimizer->step(gradients, values, {.learning_rate = 0.5, .gradient = 0.25});
    kernels::reference::lion_update({.learning_rate = 0.005F,
                                     .beta1 = 0.8F,
                                     .beta2 = 0.95F,
                                     .decay = {.rate = 0.5F, .count = 20},
                                     .gradient_factor = 0.25F},
                                    gradients, momentum, want);
  }
  EXPECT_EQ(optimizer->num_steps(), 30);
  expect_near(values, want, 1e-5, 1e-5);
  ASSERT_EQ(optimizer->state().size(), 1u);
  EXPECT_EQ(optimizer->state()[0].first, "momentum");
  expect_near(optimizer->state()[0].second, momentum, 1e-6, 1e-5);
}

// f(w) = ½ Σ aᵢ wᵢ², whose gradient is aᵢ wᵢ and whose minimum is 0.
TEST(Optimizers, ReachTheMinimumOfABowl) {
  for (OptimizerOptions options : every_type()) {
    // All steps of Lion have the same size, so that it stays at about that distance from the
    // minimum.
    learning_rate(options) = std::holds_alternative<Lion>(options) ? 0.005 : 0.05;
    const auto optimizer = make_optimizer(options, kCounts);
    std::vector<float> values = random_values(kSize, 1);
    std::vector<float> gradients(kSize);
    for (int step = 0; step < 2000; ++step) {
      for (std::size_t i = 0; i < kSize; ++i)
        gradients[i] = (0.1F + 0.05F * static_cast<float>(i)) * values[i];
      optimizer->step(gradients, values, {});
    }
    EXPECT_LT(
        std::fabs(*std::ranges::max_element(values, {}, [](float v) { return std::fabs(v); })),
        2e-2)
        << name_of(options);
  }
}

TEST(Optimizers, GoOnFromTheirState) {
  for (const OptimizerOptions& options : every_type()) {
    const auto run = [](Optimizer& optimizer, std::vector<float>& values, std::uint32_t from,
                        std::uint32_t to) {
      for (std::uint32_t step = from; step < to; ++step)
        optimizer.step(random_values(kSize, step + 10), values, {});
    };
    const auto whole = make_optimizer(options, kCounts);
    std::vector<float> want = random_values(kSize, 1);
    run(*whole, want, 0, 9);

    const auto before = make_optimizer(options, kCounts);
    std::vector<float> values = random_values(kSize, 1);
    run(*before, values, 0, 4);
    const auto after = make_optimizer(options, kCounts);
    for (std::size_t i = 0; i < before->state().size(); ++i)
      std::ranges::copy(before->state()[i].second, after->state()[i].second.begin());
    after->set_num_steps(before->num_steps());
    run(*after, values, 4, 9);
    EXPECT_TRUE(test::same_bits(values, want)) << name_of(options);
  }
}

TEST(Optimizers, RateZeroMovesNothing) {
  for (OptimizerOptions options : every_type()) {
    weight_decay(options) = 0.1;
    const auto optimizer = make_optimizer(options, kCounts);
    std::vector<float> values = random_values(kSize, 1);
    optimizer->step(random_values(kSize, 2), values, {.learning_rate = 0});
    EXPECT_TRUE(test::same_bits(values, random_values(kSize, 1))) << name_of(options);
  }
}

// Running statistics are values without gradients, stored among the biases.
TEST(Optimizers, NothingMovesAValueWithoutGradientThatDoesNotDecay) {
  for (OptimizerOptions options : every_type()) {
    weight_decay(options) = 0.5;
    learning_rate(options) = 0.3;
    if (auto* adam = std::get_if<Adam>(&options)) {
      adam->beta1 = adam->beta2 = 0.999999;
      adam->epsilon = 1e-20;
    }
    if (auto* lion = std::get_if<Lion>(&options)) lion->beta1 = lion->beta2 = 0.999999;
    const auto optimizer = make_optimizer(options, kCounts);
    const std::vector<float> start = random_values(kSize, 1);
    std::vector<float> values = start;
    for (std::uint32_t step = 0; step < 20; ++step) {
      std::vector<float> gradients = random_values(kSize, step + 2);
      std::fill(gradients.begin() + 30, gradients.end(), 0.0F);
      optimizer->step(gradients, values, {.gradient = 0.5});
    }
    EXPECT_TRUE(test::same_bits(std::span(values).subspan(30), std::span(start).subspan(30)))
        << name_of(options);
    EXPECT_FALSE(test::same_bits(std::span(values).first(30), std::span(start).first(30)));
    EXPECT_TRUE(std::ranges::all_of(values, [](float v) { return std::isfinite(v); }));
  }
}

// With gradients of 0 there is only decay: w (1 − α λ)ⁿ.
TEST(Optimizers, WeightDecayIsDecoupledAndOfTheFirstValuesOnly) {
  for (OptimizerOptions options : every_type()) {
    learning_rate(options) = 0.1;
    weight_decay(options) = 0.5;
    const auto optimizer = make_optimizer(options, kCounts);
    const std::vector<float> start = random_values(kSize, 1);
    std::vector<float> values = start;
    for (int step = 0; step < 3; ++step)
      optimizer->step(std::vector<float>(kSize), values, {.learning_rate = 2});
    std::vector<float> want = start;
    for (std::size_t i = 0; i < kCounts.decayed; ++i) want[i] *= 0.9F * 0.9F * 0.9F;
    expect_near(values, want, 1e-7, 1e-6);
    EXPECT_TRUE(test::same_bits(std::span(values).subspan(kCounts.decayed),
                                std::span(start).subspan(kCounts.decayed)))
        << name_of(options);
  }
}

TEST(ReadOptimizer, DefaultsAreThePapers) {
  EXPECT_EQ(to_attributes(read_optimizer({}, ""), /*all=*/true),
            (Attributes{{"type", std::string("adam")},
                        {"learning_rate", 1e-3},
                        {"beta1", 0.9},
                        {"beta2", 0.999},
                        {"epsilon", 1e-8},
                        {"weight_decay", 0.0}}));
  EXPECT_EQ(read_optimizer({{"type", std::string("adamw")}}, ""),
            OptimizerOptions(Adam{.weight_decay = 0.01}));
  EXPECT_EQ(to_attributes(read_optimizer({{"type", std::string("lion")}}, ""), /*all=*/true),
            (Attributes{{"type", std::string("lion")},
                        {"learning_rate", 1e-4},
                        {"beta1", 0.9},
                        {"beta2", 0.99},
                        {"weight_decay", 0.0}}));
  EXPECT_EQ(to_attributes(read_optimizer({{"type", std::string("sgd")}, {"momentum", 0.5}}, ""),
                          /*all=*/true),
            (Attributes{{"type", std::string("sgd")},
                        {"learning_rate", 1e-2},
                        {"momentum", 0.5},
                        {"nesterov", false},
                        {"weight_decay", 0.0}}));
  EXPECT_EQ(make_optimizer(Sgd{}, {})->learning_rate(), 1e-2);
}

// A search may replace the type alone: the learning rate then stays, even that of the default.
TEST(ReadOptimizer, TakesBackTheTypeTheRateAndWhatIsNoDefault) {
  EXPECT_EQ(to_attributes(Adam{}),
            (Attributes{{"type", std::string("adam")}, {"learning_rate", 1e-3}}));
  for (const OptimizerOptions& options : every_type())
    EXPECT_EQ(read_optimizer(to_attributes(options), ""), options) << name_of(options);
}

TEST(ReadOptimizer, RefusesWhatItDoesNotKnow) {
  const auto refuse = [](const std::vector<std::string>& parts, const Attributes& options) {
    test::expect_error(ErrorCode::kBadData, parts, [&] { read_optimizer(options, "[optimizer]"); });
  };
  const std::string sgd = "sgd";
  refuse({"[optimizer]", "'type'", "adam, adamw, sgd, lion", "\"rmsprop\""},
         {{"type", std::string("rmsprop")}});
  refuse({"unknown key 'lr'", "learning_rate"}, {{"lr", 0.1}});
  refuse({"unknown key 'momentum'"}, {{"momentum", 0.9}});
  refuse({"unknown key 'beta1'"}, {{"type", sgd}, {"beta1", 0.9}});
  refuse({"'learning_rate'", "got -0.1"}, {{"learning_rate", -0.1}});
  refuse({"'learning_rate'", "got 1001"}, {{"learning_rate", std::int64_t{1001}}});
  refuse({"'learning_rate'", "\"fast\""}, {{"learning_rate", std::string("fast")}});
  refuse({"'beta1'", "got 1.0"}, {{"beta1", 1.0}});
  refuse({"'beta2'"}, {{"beta2", -1.0}});
  refuse({"'epsilon'"}, {{"epsilon", 0.0}});
  refuse({"'beta2'", "0.99999999"}, {{"beta2", 0.99999999}});
  refuse({"'weight_decay'", "got -0.1"}, {{"weight_decay", -0.1}});
  refuse({"'weight_decay'", "got 101"}, {{"type", sgd}, {"weight_decay", std::int64_t{101}}});
  refuse({"'nesterov'", "true or false"}, {{"type", sgd}, {"nesterov", 1.0}});
  refuse({"'nesterov'", "momentum above 0"},
         {{"type", sgd}, {"nesterov", true}, {"momentum", 0.0}});
  refuse({"unknown key 'epsilon'"}, {{"type", std::string("lion")}, {"epsilon", 1e-8}});
  refuse({"unknown key 'nesterov'"}, {{"nesterov", true}});
  refuse({"'momentum'", "got 1.0"}, {{"type", sgd}, {"momentum", 1.0}});
}

}  // namespace
}  // namespace digitry
