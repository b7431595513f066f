#include "digitry/nn/layers/pool2d.h"

#include <gtest/gtest.h>

#include <limits>

#include "tests/cases/pool_cases.h"
#include "tests/reference/pool2d.h"
#include "tests/reference/reference.h"
#include "tests/support/errors.h"
#include "tests/support/near.h"
#include "tests/support/networks.h"
#include "tests/support/planned_layers.h"
#include "tests/support/values.h"

// Pooling against the reference kernels, in both precisions.

namespace digitry {
namespace {

namespace reference = kernels::reference;
using cases::Pool2dCase;
using test::expect_near;
using test::PlannedLayers;
using test::random_values;
using test::rounded;
using Values = std::vector<float>;

class Pool2dTest : public ::testing::TestWithParam<std::tuple<Pool2dCase, Precision>> {
 public:
  void SetUp() override {
    if (!test::has_precision(precision)) GTEST_SKIP() << "this processor lacks bfloat16";
  }

  const Pool2dCase pool = std::get<0>(GetParam());
  const Precision precision = std::get<1>(GetParam());
  const reference::Pool2dShape shape = pool.shape();
  const Pool2dOptions options{pool.kernel_size, pool.stride, pool.padding};
  const Shape image{pool.channels, pool.height, pool.width};
  const std::int64_t y_size = shape.planes * shape.out_height() * shape.out_width();
  const Values x = rounded(random_values(shape.planes * shape.height * shape.width, 1), precision);
  const Values grad_y = rounded(random_values(y_size, 2), precision);
  Values y = Values(static_cast<std::size_t>(y_size));
  Values grad_x = Values(x.size());

  // Sums of a few values, rounded once more than the reference where windows overlap.
  double relative() const { return precision == Precision::kBFloat16 ? 0x1p-7 : 1e-6; }
  double absolute() const { return precision == Precision::kBFloat16 ? 0x1p-7 : 1e-6; }
};

INSTANTIATE_TEST_SUITE_P(Extents, Pool2dTest,
                         ::testing::Combine(::testing::ValuesIn(cases::kPool2dCases),
                                            ::testing::Values(Precision::kFloat32,
                                                              Precision::kBFloat16)),
                         [](const auto& test) {
                           return cases::name_of(std::get<0>(test.param)) + "_" +
                                  to_string(std::get<1>(test.param));
                         });

TEST_P(Pool2dTest, MaximumIsTheReference) {
  ParameterArena arena(/*with_gradients=*/true);
  PlannedLayers planned({test::max_pool2d(options)}, image, pool.batch_size, PlanMode::kTraining,
                        arena, precision);
  reference::max_pool2d_forward(shape, x, y);
  expect_near(planned.forward(x), y, 0, 0);
  reference::max_pool2d_backward(shape, x, grad_y, grad_x);
  expect_near(planned.backward(grad_y), grad_x, absolute(), relative());

  PlannedLayers inference({test::max_pool2d(options)}, image, pool.batch_size, PlanMode::kInference,
                          arena, precision);
  expect_near(inference.forward(x), y, 0, 0);
}

TEST_P(Pool2dTest, MeanIsTheReference) {
  ParameterArena arena(/*with_gradients=*/true);
  PlannedLayers planned({test::avg_pool2d(options)}, image, pool.batch_size, PlanMode::kTraining,
                        arena, precision);
  reference::avg_pool2d_forward(shape, x, y);
  expect_near(planned.forward(x), y, absolute(), relative());
  reference::avg_pool2d_backward(shape, grad_y, grad_x);
  expect_near(planned.backward(grad_y), grad_x, absolute(), relative());
}

TEST_P(Pool2dTest, MeanOverAllPositionsIsTheReference) {
  if (pool.height != pool.width) GTEST_SKIP() << "the reference has square windows";
  ParameterArena arena(/*with_gradients=*/true);
  PlannedLayers planned({test::layer("global_avg_pool2d")}, image, pool.batch_size,
                        PlanMode::kTraining, arena, precision);
  const reference::Pool2dShape whole{shape.planes, pool.height, pool.width, pool.height, 1, 0};
  y.resize(static_cast<std::size_t>(shape.planes));
  reference::avg_pool2d_forward(whole, x, y);
  expect_near(planned.forward(x), y, absolute(), relative());
  const std::span<const float> by_y(grad_y.data(), y.size());
  reference::avg_pool2d_backward(whole, by_y, grad_x);
  expect_near(planned.backward(by_y), grad_x, 1e-6, relative());
}

// A convolution leaves the backward pass of its ReLU to a following max-pooling. A leaky ReLU with
// slope 0 is the same function, but is not fused.
TEST_P(Pool2dTest, ReluLeftToTheMaximumIsReluByItself) {
  const auto gradients = [&](const Attributes& activation) {
    ParameterArena arena(/*with_gradients=*/true);
    PlannedLayers planned({test::conv2d({.out_channels = 2 * pool.channels, .kernel_size = 1}),
                           activation, test::max_pool2d(options)},
                          image, pool.batch_size, PlanMode::kTraining, arena, precision);
    const Values output = planned.forward(x);
    std::vector<Values> all{output,
                            planned.backward(rounded(random_values(2 * y_size, 3), precision))};
    for (const Parameter& gradient : arena.store(arena.gradients()))
      all.emplace_back(gradient.value.as<float>().begin(), gradient.value.as<float>().end());
    return all;
  };
  Attributes leaky = test::layer("leaky_relu");
  leaky["negative_slope"] = 0.0;
  const auto got = gradients(test::relu());
  const auto want = gradients(leaky);
  ASSERT_EQ(got.size(), 4u);
  for (std::size_t i = 0; i < got.size(); ++i) {
    SCOPED_TRACE(i);
    expect_near(got[i], want[i], precision == Precision::kBFloat16 ? 0x1p-6 : 1e-5, relative());
  }
}

// Gradient of x for max_pool2d 2×2 with a single window, if the gradient of y is 1.
Values gradient_of_window(const Values& x) {
  ParameterArena arena(/*with_gradients=*/true);
  PlannedLayers planned({test::max_pool2d()}, {1, 2, 2}, 1, PlanMode::kTraining, arena);
  planned.forward(x);
  return planned.backward(Values{1});
}

TEST(MaxPool2d, GradientOfATieGoesToTheFirst) {
  EXPECT_EQ(gradient_of_window({1, 3, 3, 3}), (Values{0, 1, 0, 0}));
  EXPECT_EQ(gradient_of_window({1, 1, 2, 2}), (Values{0, 0, 1, 0}));
  EXPECT_EQ(gradient_of_window({0, 0, 0, 0}), (Values{1, 0, 0, 0}));
  EXPECT_EQ(gradient_of_window({-5, -5, -5, -5}), (Values{1, 0, 0, 0}));
}

TEST(MaxPool2d, FindsTheMaximumOfWhateverIsThere) {
  constexpr float kLowest = std::numeric_limits<float>::lowest();
  EXPECT_EQ(gradient_of_window({kLowest, kLowest, -1e30F, kLowest}), (Values{0, 0, 1, 0}));
  EXPECT_EQ(gradient_of_window({kLowest, kLowest, kLowest, kLowest}), (Values{1, 0, 0, 0}));
}

TEST(MaxPool2d, OutsideNeverCountsAlsoAmongNegativeValues) {
  for (const Attributes& pool : {test::max_pool2d({.kernel_size = 3, .stride = 3, .padding = 1}),
                                 test::avg_pool2d({.kernel_size = 3, .stride = 3, .padding = 1})}) {
    ParameterArena arena(/*with_gradients=*/true);
    PlannedLayers planned({pool}, {1, 2, 2}, 1, PlanMode::kTraining, arena);
    EXPECT_EQ(planned.forward(Values{-4, -4, -4, -4}), Values{-4});
  }
}

TEST(Pool2d, SaysWhatItWants) {
  const auto refuse = [](const std::vector<std::string>& parts, const Layer& layer,
                         const Shape& image) {
    test::expect_error(ErrorCode::kShapeMismatch, parts, [&] { layer.output_shape(image); });
  };
  refuse({"max_pool2d: expected [channels, height ≥ 2, width ≥ 2], got [784]"},
         Pool2dLayer(Pool2dLayer::Kind::kMax, {}), {784});
  refuse({"avg_pool2d", "height ≥ 3", "got [8,2,2]"},
         Pool2dLayer(Pool2dLayer::Kind::kAverage, {.kernel_size = 3}), {8, 2, 2});
  refuse({"global_avg_pool2d: expected [channels, height ≥ 1, width ≥ 1], got [10]"},
         GlobalAvgPool2dLayer(), {10});
  EXPECT_EQ(Pool2dLayer(Pool2dLayer::Kind::kMax, {.kernel_size = 3, .stride = 2, .padding = 1})
                .output_shape({5, 28, 27}),
            (Shape{5, 14, 14}));
  EXPECT_EQ(GlobalAvgPool2dLayer().output_shape({64, 7, 5}), Shape{64});
}

}  // namespace
}  // namespace digitry
