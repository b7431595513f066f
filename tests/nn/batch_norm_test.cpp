#include "digitry/nn/layers/batch_norm.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/cases/batch_norm_cases.h"
#include "tests/reference/batch_norm.h"
#include "tests/reference/conv2d.h"
#include "tests/reference/reference.h"
#include "tests/support/errors.h"
#include "tests/support/near.h"
#include "tests/support/networks.h"
#include "tests/support/planned_layers.h"
#include "tests/support/values.h"

// BatchNorm against the reference kernels, in both precisions.

namespace digitry {
namespace {

namespace reference = kernels::reference;
using cases::BatchNormCase;
using test::expect_near;
using test::PlannedLayers;
using test::random_values;
using test::rounded;
using test::values_of;
using Values = std::vector<float>;

constexpr BatchNorm kOptions{.momentum = 0.3, .epsilon = 1e-3};

class BatchNormTest : public ::testing::TestWithParam<std::tuple<BatchNormCase, Precision>> {
 public:
  void SetUp() override {
    if (!test::has_precision(precision)) GTEST_SKIP() << "this processor lacks bfloat16";
  }

  const BatchNormCase norm = std::get<0>(GetParam());
  const Precision precision = std::get<1>(GetParam());
  const reference::BatchNormShape shape = norm.shape();
  const std::int64_t size = norm.batch_size * norm.image().num_elements();
  // Not centred, like the output of a convolution.
  const Values x = batch(1);
  const Values grad_y = rounded(random_values(size, 2), precision);
  Values mean = Values(static_cast<std::size_t>(norm.channels));
  Values variance = mean;

  Values batch(std::uint32_t stream) const {
    Values values = random_values(size, stream);
    for (float& value : values) value = 2 * value + 1;
    return rounded(values, precision);
  }
  Values normalized(const PlannedLayers& planned, std::span<const float> by_mean,
                    std::span<const float> by_variance) const {
    Values y(x.size());
    reference::batch_norm_forward(shape, kOptions.epsilon, x, by_mean, by_variance,
                                  values_of(planned.parameters(), "1.weight"),
                                  values_of(planned.parameters(), "1.bias"), y);
    return y;
  }
  void expect_values(std::span<const float> got, std::span<const float> want) const {
    expect_near(got, want, 3e-5, precision == Precision::kBFloat16 ? 0x1p-8 : 1e-5);
  }
  void expect_gradients(const PlannedLayers& planned, const std::vector<Parameter>& gradients,
                        std::span<const float> by_y, std::span<const float> got_grad_x) const {
    Values grad_x(x.size());
    Values grad_weight(mean.size());
    Values grad_bias(mean.size());
    reference::batch_norm_backward(shape, kOptions.epsilon, x,
                                   values_of(planned.parameters(), "1.weight"), by_y, grad_x,
                                   grad_weight, grad_bias);
    const double sums = 1e-5 * (2 + std::sqrt(static_cast<double>(size)));
    expect_near(values_of(gradients, "1.weight"), grad_weight, sums, 1e-5);
    expect_near(values_of(gradients, "1.bias"), grad_bias, sums, 1e-5);
    // Sums of few values nearly cancel and are then scaled by up to 1/√ε.
    expect_near(got_grad_x, grad_x, 1e-4, precision == Precision::kBFloat16 ? 0x1p-8 : 1e-4);
    for (const char* name : {"1.running_mean", "1.running_var"})
      EXPECT_TRUE(std::ranges::all_of(values_of(gradients, name), [](float g) { return g == 0; }));
  }
};

INSTANTIATE_TEST_SUITE_P(Extents, BatchNormTest,
                         ::testing::Combine(::testing::ValuesIn(cases::kBatchNormCases),
                                            ::testing::Values(Precision::kFloat32,
                                                              Precision::kBFloat16)),
                         [](const auto& test) {
                           return cases::name_of(std::get<0>(test.param)) + "_" +
                                  to_string(std::get<1>(test.param));
                         });

TEST_P(BatchNormTest, TrainingIsTheReference) {
  ParameterArena arena(/*with_gradients=*/true);
  PlannedLayers planned({test::batch_norm(kOptions)}, norm.image(), norm.batch_size,
                        PlanMode::kTraining, arena, precision);
  reference::batch_norm_statistics(shape, x, mean, variance);
  expect_values(planned.forward(x), normalized(planned, mean, variance));
  const auto grad_x = planned.backward(grad_y);
  expect_gradients(planned, arena.store(arena.gradients()), grad_y, grad_x);
}

TEST_P(BatchNormTest, TrainingWithReluInTheKernelIsTheReference) {
  ParameterArena arena(/*with_gradients=*/true);
  PlannedLayers planned({test::batch_norm(kOptions), test::relu()}, norm.image(), norm.batch_size,
                        PlanMode::kTraining, arena, precision);
  reference::batch_norm_statistics(shape, x, mean, variance);
  Values want = normalized(planned, mean, variance);
  Values by_y = grad_y;
  for (std::size_t i = 0; i < want.size(); ++i)
    if (std::fabs(want[i]) < 1e-3F) by_y[i] = 0;  // Rounding decides whether ReLU passes this.
  reference::relu_forward(want);
  expect_values(planned.forward(x), want);
  const auto grad_x = planned.backward(by_y);
  reference::relu_backward(want, by_y);
  expect_gradients(planned, arena.store(arena.gradients()), by_y, grad_x);
}

TEST_P(BatchNormTest, RunningStatisticsMoveByMomentumTowardsEachBatch) {
  ParameterArena arena(/*with_gradients=*/true);
  PlannedLayers planned({test::batch_norm(kOptions)}, norm.image(), norm.batch_size,
                        PlanMode::kTraining, arena, precision);
  const auto initial_mean = values_of(planned.parameters(), "1.running_mean");
  const auto initial_variance = values_of(planned.parameters(), "1.running_var");
  Values running_mean(initial_mean.begin(), initial_mean.end());
  Values running_variance(initial_variance.begin(), initial_variance.end());
  for (std::uint32_t step = 0; step < 3; ++step) {
    planned.forward(batch(step));
    planned.backward(grad_y);
    reference::batch_norm_statistics(shape, batch(step), mean, variance);
    reference::batch_norm_move_statistics(shape, kOptions.momentum, mean, variance, running_mean,
                                          running_variance);
    const auto now = arena.store(arena.values());
    expect_near(values_of(now, "1.running_mean"), running_mean, 1e-5, 1e-5);
    expect_near(values_of(now, "1.running_var"), running_variance, 1e-5, 1e-5);
  }
}

TEST_P(BatchNormTest, InferenceIsTheReferenceWithTheRunningStatistics) {
  for (const bool relu : {false, true}) {
    ParameterArena arena(/*with_gradients=*/false);
    std::vector<Attributes> layers{test::batch_norm(kOptions)};
    if (relu) layers.push_back(test::relu());
    PlannedLayers planned(layers, norm.image(), norm.batch_size, PlanMode::kInference, arena,
                          precision);
    Values want = normalized(planned, values_of(planned.parameters(), "1.running_mean"),
                             values_of(planned.parameters(), "1.running_var"));
    if (relu) reference::relu_forward(want);
    expect_values(planned.forward(x), want);
    expect_values(planned.forward(x), want);
  }
}

// Convolution, batch normalisation and ReLU as separate layers. A plan for inference folds the
// three into one kernel.
class FoldedBatchNorm : public ::testing::TestWithParam<bool> {};
INSTANTIATE_TEST_SUITE_P(Bias, FoldedBatchNorm, ::testing::Bool());

TEST_P(FoldedBatchNorm, BehindConvolutionIsTheUnfoldedArithmetic) {
  const bool bias = GetParam();
  for (const std::int64_t groups : {1, 4}) {
    const reference::Conv2dShape conv{.batch_size = 3,
                                      .in_channels = 12,
                                      .out_channels = 20,
                                      .height = 9,
                                      .width = 7,
                                      .kernel_size = 3,
                                      .padding = 1,
                                      .groups = groups};
    ParameterArena arena(/*with_gradients=*/false);
    PlannedLayers planned(
        {test::conv2d(
             {.out_channels = 20, .kernel_size = 3, .padding = 1, .groups = groups, .bias = bias}),
         test::batch_norm(kOptions), test::relu()},
        {12, 9, 7}, 3, PlanMode::kInference, arena);
    const auto x = random_values(3 * 12 * 9 * 7, 1);
    const auto& parameters = planned.parameters();
    Values y(3 * 20 * 9 * 7);
    reference::conv2d_forward(conv, x, values_of(parameters, "1.weight"),
                              bias ? values_of(parameters, "1.bias") : std::span<const float>(), y);
    reference::batch_norm_forward(
        {3, 20, 63}, kOptions.epsilon, Values(y), values_of(parameters, "2.running_mean"),
        values_of(parameters, "2.running_var"), values_of(parameters, "2.weight"),
        values_of(parameters, "2.bias"), y);
    reference::relu_forward(y);
    expect_near(planned.forward(x), y, 5e-5, 1e-5);
    for (const Operation& operation : planned.forward_operations())
      EXPECT_EQ(operation.layer.find("batch_norm"), std::string::npos) << operation.kernel;
  }
}

TEST_P(FoldedBatchNorm, BehindDenseIsTheUnfoldedArithmetic) {
  Attributes dense = test::dense(21);
  dense["bias"] = GetParam();
  ParameterArena arena(/*with_gradients=*/false);
  PlannedLayers planned({dense, test::batch_norm(kOptions)}, {30}, 7, PlanMode::kInference, arena);
  const auto x = random_values(7 * 30, 1);
  const auto& parameters = planned.parameters();
  Values y(7 * 21);
  const Values zeros(21);
  reference::dense_forward({7, 30, 21}, x, values_of(parameters, "1.weight"),
                           GetParam() ? values_of(parameters, "1.bias") : std::span(zeros), y);
  reference::batch_norm_forward(
      {7, 21, 1}, kOptions.epsilon, Values(y), values_of(parameters, "2.running_mean"),
      values_of(parameters, "2.running_var"), values_of(parameters, "2.weight"),
      values_of(parameters, "2.bias"), y);
  expect_near(planned.forward(x), y, 5e-5, 1e-5);
}

TEST(BatchNorm, IsNotFoldedWhereSomebodyElseReadsItsInput) {
  // add reads the input of batch_norm.
  ParameterArena arena(/*with_gradients=*/false);
  PlannedLayers planned({test::dense(8), test::batch_norm(kOptions), test::relu(), test::add(2)},
                        {5}, 4, PlanMode::kInference, arena);
  const auto x = random_values(20, 1);
  const auto& parameters = planned.parameters();
  Values hidden(32);
  reference::dense_forward({4, 5, 8}, x, values_of(parameters, "1.weight"),
                           values_of(parameters, "1.bias"), hidden);
  Values y(32);
  reference::batch_norm_forward(
      {4, 8, 1}, kOptions.epsilon, hidden, values_of(parameters, "2.running_mean"),
      values_of(parameters, "2.running_var"), values_of(parameters, "2.weight"),
      values_of(parameters, "2.bias"), y);
  reference::relu_forward(y);
  for (std::size_t i = 0; i < y.size(); ++i) y[i] += hidden[i];
  expect_near(planned.forward(x), y, 2e-5, 1e-5);
}

TEST(BatchNorm, OfConstantValuesIsItsBias) {
  ParameterArena arena(/*with_gradients=*/true);
  PlannedLayers planned({test::batch_norm({.epsilon = 1e-12})}, {3, 4, 4}, 2, PlanMode::kTraining,
                        arena);
  const auto y = planned.forward(Values(96, 7.0F));
  const auto bias = values_of(planned.parameters(), "1.bias");
  for (std::size_t i = 0; i < y.size(); ++i) EXPECT_FLOAT_EQ(y[i], bias[i / 16 % 3]);
  for (const float gradient : planned.backward(random_values(96, 1)))
    EXPECT_TRUE(std::isfinite(gradient));
  for (const float value : arena.values()) EXPECT_TRUE(std::isfinite(value));
}

TEST(BatchNorm, TellsItsParameters) {
  const auto parameters = BatchNormLayer({}).parameters({5, 3, 3});
  ASSERT_EQ(parameters.size(), 4u);
  const std::vector<std::string> names{"weight", "bias", "running_mean", "running_var"};
  for (std::size_t i = 0; i < names.size(); ++i) {
    EXPECT_EQ(parameters[i].name, names[i]);
    EXPECT_EQ(parameters[i].shape, Shape{5});
    EXPECT_EQ(parameters[i].trainable, i < 2);
  }
  test::expect_error(ErrorCode::kShapeMismatch,
                     {"batch_norm: expected [features] or [channels, height, width], got [2,3]"},
                     [] {
                       BatchNormLayer({}).output_shape({2, 3});
                     });
}

}  // namespace
}  // namespace digitry
