#include "tests/reference/reference.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/near.h"

// Kernels are tested against the reference; the reference is tested against values computed by
// hand.

namespace digitry::kernels::reference {
namespace {

using Values = std::vector<float>;

TEST(ReferenceDense, IsTheFormula) {
  const DenseShape shape{.batch_size = 2, .in_features = 3, .out_features = 2};
  const Values x{1, 2, 3, -1, 0, 1};
  const Values weight{1, 0, 2, 0, -1, 1};
  const Values bias{10, 20};
  Values y(4);
  dense_forward(shape, x, weight, bias, y);
  EXPECT_EQ(y, (Values{17, 21, 11, 21}));

  const Values grad_y{1, 2, 3, 4};
  Values grad_x(6), grad_weight(6), grad_bias(2);
  dense_backward_data(shape, weight, grad_y, grad_x);
  EXPECT_EQ(grad_x, (Values{1, -2, 4, 3, -4, 10}));
  dense_backward_weights(shape, x, grad_y, grad_weight, grad_bias);
  EXPECT_EQ(grad_weight, (Values{-2, 2, 6, -2, 4, 10}));
  EXPECT_EQ(grad_bias, (Values{4, 6}));
}

TEST(ReferenceRelu, CutsAtZero) {
  Values values{-1, 0, 2};
  relu_forward(values);
  EXPECT_EQ(values, (Values{0, 0, 2}));
  Values grad{5, 6, 7};
  relu_backward(values, grad);
  EXPECT_EQ(grad, (Values{0, 0, 7}));
}

TEST(ReferenceSoftmaxCrossEntropy, IsTheFormula) {
  const Values logits{std::log(1.0F), std::log(2.0F), std::log(5.0F)};
  Values losses(1), grad(3);
  EXPECT_EQ(softmax_cross_entropy(logits, std::vector<std::int32_t>{1}, 3, 2, losses, grad), 0);
  EXPECT_NEAR(losses[0], std::log(4.0), 1e-6);
  test::expect_near(grad, Values{0.25F, -1.5F, 1.25F}, 1e-6, 0);
}

TEST(ReferenceSgd, IsTheFormula) {
  Values velocity{1}, values{10};
  reference::sgd_update({.learning_rate = 0.5F, .momentum = 0.5F}, Values{2}, velocity, values);
  EXPECT_EQ(velocity[0], 2.5F);
  EXPECT_EQ(values[0], 8.75F);
}

TEST(ReferenceAdam, IsTheFormula) {
  Values first{0.5F}, second{0.25F}, values{1};
  const AdamStep step{
      .learning_rate = 0.1F, .beta1 = 0.5F, .beta2 = 0.75F, .epsilon = 0.5F, .step = 2};
  reference::adam_update(step, Values{2}, first, second, values);
  EXPECT_FLOAT_EQ(first[0], 1.25F);
  EXPECT_FLOAT_EQ(second[0], 1.1875F);
  const double m_hat = 1.25 / 0.75;
  const double v_hat = 1.1875 / 0.4375;
  EXPECT_NEAR(values[0], 1 - 0.1 * m_hat / (std::sqrt(v_hat) + 0.5), 1e-6);
}

}  // namespace
}  // namespace digitry::kernels::reference
