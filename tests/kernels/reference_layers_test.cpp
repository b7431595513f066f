#include <gtest/gtest.h>

#include <cmath>

#include "tests/reference/batch_norm.h"
#include "tests/reference/conv2d.h"
#include "tests/reference/pool2d.h"
#include "tests/support/near.h"

// The reference kernels of the image layers against values computed by hand.

namespace digitry::kernels::reference {
namespace {

using Values = std::vector<float>;

TEST(ReferenceConv2d, IsTheFormula) {
  // A 2×2 window, stride 2, padding 1: each corner of the image belongs to one output.
  const Conv2dShape shape{.height = 2, .width = 2, .kernel_size = 2, .stride = 2, .padding = 1};
  const Values x{1, 2, 3, 4};
  const Values weight{10, 20, 30, 40};
  Values y(4);
  conv2d_forward(shape, x, weight, Values{5}, y);
  EXPECT_EQ(y, (Values{45, 65, 65, 45}));

  const Values grad_y{1, 2, 3, 4};
  Values grad_x(4), grad_weight(4), grad_bias(1);
  conv2d_backward_data(shape, weight, grad_y, grad_x);
  EXPECT_EQ(grad_x, (Values{40, 60, 60, 40}));
  conv2d_backward_weights(shape, x, grad_y, grad_weight, grad_bias);
  EXPECT_EQ(grad_weight, (Values{16, 9, 4, 1}));
  EXPECT_EQ(grad_bias, Values{10});
}

TEST(ReferenceConv2d, GroupsSeeTheirOwnChannels) {
  const Conv2dShape shape{
      .batch_size = 2, .in_channels = 4, .out_channels = 2, .kernel_size = 1, .groups = 2};
  const Values weight{1, 2, 3, 4};
  Values y(4);
  conv2d_forward(shape, Values{1, 1, 1, 1, 1, 2, 3, 4}, weight, {}, y);
  EXPECT_EQ(y, (Values{3, 7, 5, 25}));
  Values grad_x(8);
  conv2d_backward_data(shape, weight, Values{1, 10, 0, 1}, grad_x);
  EXPECT_EQ(grad_x, (Values{1, 2, 30, 40, 0, 0, 3, 4}));
}

TEST(ReferencePool2d, IsTheFormula) {
  const Pool2dShape shape{.height = 2, .width = 3, .kernel_size = 2, .stride = 1};
  const Values x{1, 5, 5, 0, 2, 5};
  Values y(2), grad_x(6);
  max_pool2d_forward(shape, x, y);
  EXPECT_EQ(y, (Values{5, 5}));
  max_pool2d_backward(shape, x, Values{1, 2}, grad_x);
  EXPECT_EQ(grad_x, (Values{0, 3, 0, 0, 0, 0}));
  avg_pool2d_forward(shape, x, y);
  EXPECT_EQ(y, (Values{2, 4.25F}));
  avg_pool2d_backward(shape, Values{4, 8}, grad_x);
  EXPECT_EQ(grad_x, (Values{1, 3, 2, 1, 3, 2}));
}

TEST(ReferencePool2d, PaddingDoesNotCount) {
  const Pool2dShape shape{.height = 1, .width = 2, .kernel_size = 2, .stride = 2, .padding = 1};
  Values y(2), grad_x(2);
  avg_pool2d_forward(shape, Values{-3, -4}, y);
  EXPECT_EQ(y, (Values{-3, -4}));
  max_pool2d_forward(shape, Values{-3, -4}, y);
  EXPECT_EQ(y, (Values{-3, -4}));
  avg_pool2d_backward(shape, Values{1, 2}, grad_x);
  EXPECT_EQ(grad_x, (Values{1, 2}));
}

TEST(ReferenceBatchNorm, IsTheFormula) {
  // Channel 0: 1, 3, 5, 7; channel 1: 0, 0, 2, 2.
  const BatchNormShape shape{.batch_size = 2, .channels = 2, .positions = 2};
  const Values x{1, 3, 0, 0, 5, 7, 2, 2};
  Values mean(2), variance(2);
  batch_norm_statistics(shape, x, mean, variance);
  EXPECT_EQ(mean, (Values{4, 1}));
  EXPECT_EQ(variance, (Values{5, 1}));

  Values y(8);
  batch_norm_forward(shape, 4, x, mean, variance, Values{3, 0}, Values{10, 7}, y);
  EXPECT_EQ(y, (Values{7, 9, 7, 7, 11, 13, 7, 7}));

  Values running_mean{0, 1}, running_variance{1, 1};
  batch_norm_move_statistics(shape, 0.75, mean, variance, running_mean, running_variance);
  EXPECT_EQ(running_mean, (Values{3, 1}));
  EXPECT_EQ(running_variance, (Values{5.25F, 1.25F}));
}

TEST(ReferenceBatchNorm, BackwardIsTheFormula) {
  // x̂ = ±1/√2 with ε = 1, the gradient (1, 0).
  const BatchNormShape shape{.batch_size = 2};
  Values grad_x(2), grad_weight(1), grad_bias(1);
  batch_norm_backward(shape, 1, Values{1, -1}, Values{2}, Values{1, 0}, grad_x, grad_weight,
                      grad_bias);
  EXPECT_FLOAT_EQ(grad_weight[0], std::sqrt(0.5F));
  EXPECT_EQ(grad_bias, Values{1});
  test::expect_near(grad_x, Values{std::sqrt(0.125F), -std::sqrt(0.125F)}, 1e-7, 1e-6);
}

}  // namespace
}  // namespace digitry::kernels::reference
