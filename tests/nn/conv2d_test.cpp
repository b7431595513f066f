#include "digitry/nn/layers/conv2d.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/cases/conv_cases.h"
#include "tests/reference/conv2d.h"
#include "tests/reference/reference.h"
#include "tests/support/errors.h"
#include "tests/support/near.h"
#include "tests/support/networks.h"
#include "tests/support/planned_layers.h"
#include "tests/support/values.h"

// Conv2d against the reference kernels, in both precisions. In bfloat16 the operands are rounded
// first, so that the tolerance covers only the rounding of the result.

namespace digitry {
namespace {

namespace reference = kernels::reference;
using cases::Conv2dCase;
using test::expect_near;
using test::PlannedLayers;
using test::random_values;
using test::rounded;
using test::values_of;

class Conv2dTest : public ::testing::TestWithParam<std::tuple<Conv2dCase, Precision>> {
 public:
  void SetUp() override {
    if (!test::has_precision(precision)) GTEST_SKIP() << "this processor lacks bfloat16";
  }

  const Conv2dCase shape = std::get<0>(GetParam());
  const Precision precision = std::get<1>(GetParam());
  const Shape image{shape.in_channels, shape.height, shape.width};
  const std::int64_t y_size =
      shape.batch_size * shape.out_channels * shape.out_height() * shape.out_width();
  const std::vector<float> x =
      rounded(random_values(shape.batch_size * image.num_elements(), 1), precision);
  const std::vector<float> grad_y = rounded(random_values(y_size, 2), precision);

  Attributes conv(bool bias = true) const {
    return test::conv2d({.out_channels = shape.out_channels,
                         .kernel_size = shape.kernel_size,
                         .stride = shape.stride,
                         .padding = shape.padding,
                         .groups = shape.groups,
                         .bias = bias});
  }

  // Sums of n products of standard normal values in float32: the error is a few ε√n, somewhat more
  // with Winograd's algorithm, plus the rounding of the result.
  void expect_sums(std::span<const float> got, std::span<const float> want,
                   std::int64_t summands) const {
    expect_near(got, want, 5e-6 * (2 + std::sqrt(static_cast<double>(summands))),
                precision == Precision::kBFloat16 ? 0x1p-8 : 1e-5);
  }

  std::vector<float> reference_forward(const PlannedLayers& planned, bool bias = true) const {
    std::vector<float> y(static_cast<std::size_t>(y_size));
    reference::conv2d_forward(
        shape, x, values_of(planned.parameters(), "1.weight"),
        bias ? values_of(planned.parameters(), "1.bias") : std::span<const float>(), y);
    return y;
  }

  void expect_gradients(const PlannedLayers& planned, const ParameterArena& arena,
                        std::span<const float> arena_gradients, std::span<const float> by_y,
                        std::span<const float> got_grad_x, bool bias = true) const {
    const auto gradients = arena.store(arena_gradients);
    const auto weight = values_of(planned.parameters(), "1.weight");
    std::vector<float> grad_x(x.size());
    std::vector<float> grad_weight(weight.size());
    std::vector<float> grad_bias(bias ? static_cast<std::size_t>(shape.out_channels) : 0);
    reference::conv2d_backward_data(shape, weight, by_y, grad_x);
    reference::conv2d_backward_weights(shape, x, by_y, grad_weight, grad_bias);
    const std::int64_t window = shape.kernel_size * shape.kernel_size;
    expect_sums(got_grad_x, grad_x, shape.out_channels / shape.groups * window);
    const std::int64_t positions = shape.batch_size * shape.out_height() * shape.out_width();
    expect_sums(values_of(gradients, "1.weight"), grad_weight, positions);
    if (bias) expect_sums(values_of(gradients, "1.bias"), grad_bias, positions);
  }

  std::int64_t summands() const {
    return shape.in_channels / shape.groups * shape.kernel_size * shape.kernel_size;
  }
};

INSTANTIATE_TEST_SUITE_P(Extents, Conv2dTest,
                         ::testing::Combine(::testing::ValuesIn(cases::kConv2dCases),
                                            ::testing::Values(Precision::kFloat32,
                                                              Precision::kBFloat16)),
                         [](const auto& test) {
                           return cases::name_of(std::get<0>(test.param)) + "_" +
                                  to_string(std::get<1>(test.param));
                         });

TEST_P(Conv2dTest, ForwardAndBackwardAreTheReference) {
  ParameterArena arena(/*with_gradients=*/true);
  PlannedLayers planned({conv()}, image, shape.batch_size, PlanMode::kTraining, arena, precision);
  expect_sums(planned.forward(x), reference_forward(planned), summands());
  expect_gradients(planned, arena, arena.gradients(), grad_y, planned.backward(grad_y));
}

TEST_P(Conv2dTest, WithoutBiasAndWithReluInTheKernel) {
  ParameterArena arena(/*with_gradients=*/true);
  PlannedLayers planned({conv(/*bias=*/false), test::relu()}, image, shape.batch_size,
                        PlanMode::kTraining, arena, precision);
  std::vector<float> want = reference_forward(planned, /*bias=*/false);
  std::vector<float> by_y = grad_y;
  for (std::size_t i = 0; i < want.size(); ++i)
    if (std::fabs(want[i]) < 1e-3F) by_y[i] = 0;  // Rounding decides whether ReLU passes this.
  reference::relu_forward(want);
  expect_sums(planned.forward(x), want, summands());
  const auto grad_x = planned.backward(by_y);
  reference::relu_backward(want, by_y);
  expect_gradients(planned, arena, arena.gradients(), by_y, grad_x, /*bias=*/false);
}

// The smaller last batch of an epoch has its own plan over the same parameters, whose layout the
// first plan chose. A plan for inference may share them too.
TEST_P(Conv2dTest, LaterPlansOverTheSameArenaComputeTheSame) {
  ParameterArena arena(/*with_gradients=*/true);
  PlannedLayers other({conv()}, image, shape.batch_size + 3, PlanMode::kTraining, arena, precision);
  PlannedLayers planned({conv()}, image, shape.batch_size, PlanMode::kTraining, arena, precision);
  PlannedLayers inference({conv()}, image, shape.batch_size, PlanMode::kInference, arena,
                          precision);
  const auto want = reference_forward(planned);
  expect_sums(inference.forward(x), want, summands());
  expect_sums(planned.forward(x), want, summands());
  expect_gradients(planned, arena, arena.gradients(), grad_y, planned.backward(grad_y));
}

// oneDNN's plain loops are a thousand times slower: 12 channels before 48 took two seconds per
// step.
TEST(Conv2d, RunsNoPlainLoopsWhateverTheNumberOfChannels) {
  for (const Precision precision : {Precision::kFloat32, Precision::kBFloat16}) {
    if (!test::has_precision(precision)) continue;
    for (const auto& [first, second] : {std::pair{6, 16}, std::pair{12, 48}, std::pair{20, 50},
                                        std::pair{7, 33}, std::pair{17, 5}}) {
      const Network network = test::random_network(
          {1, 12, 12}, 10,
          {test::conv2d({.out_channels = first, .kernel_size = 3}), test::relu(),
           test::conv2d({.out_channels = second, .kernel_size = 3}), test::relu(), test::flatten(),
           test::dense(10)});
      ParameterArena arena(/*with_gradients=*/true);
      const Plan plan(network, 4, PlanMode::kTraining, arena, precision);
      for (const auto& operations : {plan.forward_operations(), plan.backward_operations()})
        for (const Operation& operation : operations)
          EXPECT_FALSE(operation.kernel.starts_with("ref"))
              << first << " and " << second << " channels: " << operation.layer << ", "
              << to_string(operation.direction) << ": " << operation.kernel;
    }
  }
}

TEST(Conv2d, GivesTheShapeAndTheCostOfItsOutput) {
  const Conv2dLayer layer(
      {.out_channels = 8, .kernel_size = 3, .stride = 2, .padding = 1, .groups = 2});
  EXPECT_EQ(layer.output_shape({4, 28, 27}), (Shape{8, 14, 14}));
  EXPECT_EQ(layer.output_shape({4, 1, 1}), (Shape{8, 1, 1}));
  EXPECT_EQ(layer.multiply_adds({4, 28, 27}), 8 * 14 * 14 * 2 * 9);
  const auto parameters = layer.parameters({4, 28, 27});
  ASSERT_EQ(parameters.size(), 2u);
  EXPECT_EQ(parameters[0].shape, (Shape{8, 2, 3, 3}));
  EXPECT_EQ(parameters[0].fan_in, 18);
  EXPECT_EQ(parameters[1].shape, Shape{8});
  EXPECT_EQ(Conv2dLayer({.bias = false}).parameters({1, 3, 3}).size(), 1u);
}

TEST(Conv2d, RefusesMoreWorkThanCanBeCounted) {
  const Conv2dLayer conv({.out_channels = 65536, .kernel_size = 1024, .padding = 1023});
  test::expect_error(ErrorCode::kShapeMismatch, {"conv2d", "multiply-adds"}, [&] {
    conv.multiply_adds({1000, 4096, 4096});
  });
}

TEST(Conv2d, SaysWhatItWants) {
  const auto refuse = [](const std::vector<std::string>& parts, const Conv2d& options,
                         const Shape& image) {
    test::expect_error(ErrorCode::kShapeMismatch, parts,
                       [&] { Conv2dLayer(options).output_shape(image); });
  };
  refuse({"conv2d: expected [channels, height ≥ 3, width ≥ 3], got [784]"}, {}, {784});
  refuse({"height ≥ 3", "got [1,2,9]"}, {}, {1, 2, 9});
  refuse({"width ≥ 3", "got [1,9,2]"}, {.kernel_size = 5, .padding = 1}, {1, 9, 2});
  refuse({"height ≥ 1", "got [1,0,4]"}, {.kernel_size = 3, .padding = 2}, {1, 0, 4});
  refuse({"conv2d", "3 input and 4 output channels", "groups = 2"},
         {.out_channels = 4, .groups = 2}, {3, 9, 9});
  refuse({"4 input and 3 output channels"}, {.out_channels = 3, .groups = 2}, {4, 9, 9});
}

}  // namespace
}  // namespace digitry
