#include <gtest/gtest.h>

#include <cmath>

#include "digitry/nn/layers/activation.h"
#include "tests/support/near.h"
#include "tests/support/networks.h"
#include "tests/support/planned_layers.h"
#include "tests/support/values.h"

// Activation functions against their formulas in double, in both precisions.

namespace digitry {
namespace {

using test::expect_near;
using test::PlannedLayers;
using test::rounded;
using Values = std::vector<float>;

struct Function {
  Attributes layer;
  double (*value)(double);
  double (*derivative)(double);
};

constexpr double kSlope = 0.125;
double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
double phi(double x) { return 0.5 * (1 + std::erf(x / std::sqrt(2.0))); }

const std::vector<Function>& functions() {
  static const std::vector<Function> all{
      {test::relu(), [](double x) { return x > 0 ? x : 0; },
       [](double x) { return x > 0 ? 1.0 : 0.0; }},
      {{{"type", std::string("leaky_relu")}, {"negative_slope", kSlope}},
       [](double x) { return x > 0 ? x : kSlope * x; },
       [](double x) { return x > 0 ? 1 : kSlope; }},
      {test::layer("tanh"), [](double x) { return std::tanh(x); },
       [](double x) { return 1 - std::tanh(x) * std::tanh(x); }},
      {test::layer("gelu"), [](double x) { return x * phi(x); },
       [](double x) { return phi(x) + x * std::exp(-x * x / 2) / std::sqrt(2 * M_PI); }},
      {test::layer("silu"), [](double x) { return x * sigmoid(x); },
       [](double x) { return sigmoid(x) * (1 + x * (1 - sigmoid(x))); }},
  };
  return all;
}

// Random values and extreme values: no intermediate result may overflow.
Values some_values(Precision precision) {
  Values x = test::random_values(203, 1);
  for (float& value : x) value *= 3;
  for (const float value :
       {0.0F, -0.0F, 1e-30F, -1e-30F, 50.0F, -50.0F, 1e4F, -1e4F, 1e30F, -1e30F})
    x.push_back(value);
  return rounded(x, precision);
}

class ActivationTest : public ::testing::TestWithParam<std::tuple<std::size_t, Precision>> {};
INSTANTIATE_TEST_SUITE_P(
    Functions, ActivationTest,
    ::testing::Combine(::testing::Range<std::size_t>(0, functions().size()),
                       ::testing::Values(Precision::kFloat32, Precision::kBFloat16)),
    [](const auto& test) {
      return std::get<std::string>(functions()[std::get<0>(test.param)].layer.at("type")) + "_" +
             to_string(std::get<1>(test.param));
    });

TEST_P(ActivationTest, ForwardAndBackwardAreTheFormula) {
  const auto& [layer, value, derivative] = functions()[std::get<0>(GetParam())];
  const Precision precision = std::get<1>(GetParam());
  if (!test::has_precision(precision)) GTEST_SKIP() << "this processor lacks bfloat16";
  const Values x = some_values(precision);
  const Values grad_y = rounded(test::random_values(std::ssize(x), 2), precision);
  ParameterArena arena(/*with_gradients=*/true);
  PlannedLayers planned({layer}, {std::ssize(x)}, 1, PlanMode::kTraining, arena, precision);
  Values y;
  Values grad_x;
  for (std::size_t i = 0; i < x.size(); ++i) {
    y.push_back(static_cast<float>(value(x[i])));
    grad_x.push_back(static_cast<float>(derivative(x[i]) * grad_y[i]));
  }
  const double relative = precision == Precision::kBFloat16 ? 0x1p-8 : 1e-6;
  expect_near(planned.forward(x), y, 2e-6, relative);
  expect_near(planned.backward(grad_y), grad_x, 2e-6, relative);
  PlannedLayers inference({layer}, {std::ssize(x)}, 1, PlanMode::kInference, arena, precision);
  expect_near(inference.forward(x), y, 2e-6, relative);
}

TEST(Flatten, PutsPlanesOneAfterAnotherWhateverTheLayoutBefore) {
  // A 1×1 convolution with identity weights: its output is the image in the layout of the kernel.
  constexpr std::int64_t kChannels = 20;
  Network network({kChannels, 3, 2}, kChannels * 6,
                  {test::conv2d({.out_channels = kChannels, .kernel_size = 1, .bias = false}),
                   test::flatten()});
  Tensor identity({kChannels, kChannels, 1, 1}, DType::kF32);
  for (std::size_t c = 0; c < kChannels; ++c) identity.as<float>()[c * kChannels + c] = 1;
  std::vector<Parameter> parameters;
  parameters.push_back({"0.weight", std::move(identity)});
  network.set_parameters(std::move(parameters));
  for (const PlanMode mode : {PlanMode::kTraining, PlanMode::kInference}) {
    ParameterArena arena(/*with_gradients=*/true);
    Plan plan(network, 2, mode, arena);
    arena.load(network.parameters());
    const auto x = test::random_values(std::ssize(plan.input()), 1);
    std::ranges::copy(x, plan.input().begin());
    plan.forward({});
    expect_near(plan.logits(), x, 0, 0);
  }
}

}  // namespace
}  // namespace digitry
