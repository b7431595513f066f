#include "digitry/nn/layers/add.h"

#include <gtest/gtest.h>

#include "tests/support/errors.h"
#include "tests/support/near.h"
#include "tests/support/networks.h"
#include "tests/support/planned_layers.h"
#include "tests/support/values.h"

// Residual connections of functions with known results. residual_gradient_test.cpp has finite
// differences of real blocks.

namespace digitry {
namespace {

using test::add;
using test::expect_near;
using test::layer;
using test::PlannedLayers;
using test::random_values;
using test::relu;
using Values = std::vector<float>;

// Outputs and gradients of layers with one feature each, if the gradient of every output is 1.
struct Computed {
  Values y, grad_x;
};
Computed compute(const std::vector<Attributes>& layers, const Values& x,
                 Precision precision = Precision::kFloat32) {
  ParameterArena arena(/*with_gradients=*/true);
  PlannedLayers planned(layers, {std::ssize(x)}, 1, PlanMode::kTraining, arena, precision);
  Computed computed;
  computed.y = planned.forward(x);
  computed.grad_x = planned.backward(Values(x.size(), 1.0F));
  ParameterArena other(/*with_gradients=*/false);
  PlannedLayers inference(layers, {std::ssize(x)}, 1, PlanMode::kInference, other, precision);
  EXPECT_EQ(inference.forward(x), computed.y);
  return computed;
}

TEST(Add, SumsTheLayerBeforeAndTheOneSkippedTo) {
  const auto [y, grad_x] = compute({relu(), add(1)}, {-2, 3});
  EXPECT_EQ(y, (Values{-2, 6}));
  EXPECT_EQ(grad_x, (Values{1, 2}));
}

TEST(Add, OfTheLayersBeforeItAlone) {
  // layers_back = 1 after add: the input of the first add.
  const auto [y, grad_x] = compute({relu(), add(1), add(1)}, {-2, 3});
  EXPECT_EQ(y, (Values{-2, 9}));
  EXPECT_EQ(grad_x, (Values{1, 3}));
}

TEST(Add, TwiceOfOneValue) {
  // Both read x: (relu(x) + x) + x.
  const auto [y, grad_x] = compute({relu(), add(1), add(2)}, {-2, 3});
  EXPECT_EQ(y, (Values{-4, 9}));
  EXPECT_EQ(grad_x, (Values{2, 3}));
}

TEST(Add, Overlapping) {
  // relu(a + x) + a with a = relu(x).
  const auto [y, grad_x] = compute({relu(), add(1), relu(), add(2)}, {-2, 3});
  EXPECT_EQ(y, (Values{0, 9}));
  EXPECT_EQ(grad_x, (Values{0, 3}));
}

TEST(Add, Nested) {
  // Inner: b = relu(a) + a with a = relu(x); outer: b + x.
  const auto [y, grad_x] = compute({relu(), relu(), add(1), add(3)}, {-2, 3});
  EXPECT_EQ(y, (Values{-2, 9}));
  EXPECT_EQ(grad_x, (Values{1, 3}));
}

TEST(Add, DoesNotDisturbLayersThatComputeInPlace) {
  // relu and dropout overwrite their input unless a later layer reads it.
  const auto [y, grad_x] = compute({relu(), relu(), relu(), add(3), relu()}, {-2, 3});
  EXPECT_EQ(y, (Values{0, 6}));
  EXPECT_EQ(grad_x, (Values{0, 2}));
}

TEST(Add, InBFloat16) {
  if (!test::has_precision(Precision::kBFloat16)) GTEST_SKIP();
  const auto [y, grad_x] = compute({relu(), add(1)}, {-2, 3}, Precision::kBFloat16);
  EXPECT_EQ(y, (Values{-2, 6}));
  EXPECT_EQ(grad_x, (Values{1, 2}));
}

// The two inputs come from different kernels, with different layouts and, in bfloat16, types.
TEST(Add, OfInputsInDifferentLayouts) {
  for (const Precision precision : {Precision::kFloat32, Precision::kBFloat16}) {
    if (!test::has_precision(precision)) continue;
    const auto conv = test::conv2d({.out_channels = 20, .kernel_size = 1, .bias = false});
    const Shape image{20, 3, 3};
    const Values x = test::rounded(random_values(2 * 180, 1), precision);
    const Values grad_y = test::rounded(random_values(2 * 180, 2), precision);
    ParameterArena arena(/*with_gradients=*/true);
    PlannedLayers residual({conv, add(1)}, image, 2, PlanMode::kTraining, arena, precision);
    ParameterArena plain_arena(/*with_gradients=*/true);
    PlannedLayers plain({conv}, image, 2, PlanMode::kTraining, plain_arena, precision);
    Values want = plain.forward(x);
    for (std::size_t i = 0; i < want.size(); ++i) want[i] += x[i];
    const double allowed = precision == Precision::kBFloat16 ? 0x1p-6 : 1e-5;
    expect_near(residual.forward(x), want, allowed, allowed);
    Values want_gradient = plain.backward(grad_y);
    for (std::size_t i = 0; i < want_gradient.size(); ++i) want_gradient[i] += grad_y[i];
    expect_near(residual.backward(grad_y), want_gradient, allowed, allowed);
  }
}

TEST(Add, OfAnotherShapeOrFromBeforeTheFirstLayerIsRefused) {
  test::expect_error(
      ErrorCode::kShapeMismatch,
      {"layers[2] (add)", "one shape", "[3] from the layer before", "[4] from 2 layers back"}, [] {
        Network({4}, 3, {relu(), test::dense(3), add(2)});
      });
  test::expect_error(ErrorCode::kShapeMismatch, {"layers[1] (add)", "[8,3,3]", "[1,3,3]"}, [] {
    Network({1, 3, 3}, 3, {test::conv2d({.out_channels = 8, .padding = 1}), add(1)});
  });
  test::expect_error(ErrorCode::kBadData,
                     {"layers[1] (add)", "layers_back: expected at most 1", "got 2"}, [] {
                       Network({3}, 3, {test::dense(3), add(2)});
                     });
  EXPECT_NO_THROW(Network({3}, 3, {test::dense(3), add(1)}));
}

}  // namespace
}  // namespace digitry
