#include <gtest/gtest.h>

#include "tests/support/gradient_check.h"
#include "tests/support/networks.h"

// The layers of images by finite differences of the loss. If a ReLU or a maximum has a kink, the
// batch is chosen to stay away from it.

namespace digitry {
namespace {

using test::avg_pool2d;
using test::batch_norm;
using test::check_gradients;
using test::conv2d;
using test::crop2d;
using test::dense;
using test::flatten;
using test::layer;
using test::max_pool2d;
using test::relu;
using test::spatial_dropout;

TEST(Gradient, Conv2d) {
  check_gradients({1, 5, 4}, {conv2d({.out_channels = 3}), flatten(), dense(3)}, 3, 1);
  check_gradients({1, 3, 3}, {conv2d({.out_channels = 3}), flatten()}, 3, 2);
}

TEST(Gradient, Conv2dInARowWithStridePaddingAndGroups) {
  check_gradients(
      {2, 7, 6},
      {conv2d({.out_channels = 4, .kernel_size = 3, .stride = 2, .padding = 1}), layer("tanh"),
       conv2d({.out_channels = 6, .kernel_size = 2, .padding = 1, .groups = 2, .bias = false}),
       layer("tanh"), conv2d({.out_channels = 3, .kernel_size = 1}), flatten(), dense(3)},
      2, 2);
}

TEST(Gradient, DepthwiseConv2d) {
  check_gradients({1, 5, 5},
                  {conv2d({.out_channels = 6, .padding = 1}), layer("silu"),
                   conv2d({.out_channels = 6, .padding = 1, .groups = 6}), layer("silu"),
                   conv2d({.out_channels = 4, .kernel_size = 1}), flatten(), dense(3)},
                  2, 3);
}

TEST(Gradient, ReluInsideTheConvolutionKernel) {
  check_gradients({2, 4, 4}, {conv2d({.out_channels = 5}), relu(), flatten(), dense(3)}, 2, 4);
}

TEST(Gradient, ReluLeftToMaxPool) {
  check_gradients({2, 6, 6},
                  {conv2d({.out_channels = 3}), relu(), max_pool2d(), flatten(), dense(3)}, 2, 7);
}

TEST(Gradient, MaxPool) {
  // Overlapping windows, and no ReLU before.
  check_gradients({2, 6, 6},
                  {conv2d({.out_channels = 3}),
                   max_pool2d({.kernel_size = 2, .stride = 1, .padding = 1}), flatten(), dense(3)},
                  2, 6);
}

TEST(Gradient, AvgPool) {
  check_gradients(
      {2, 6, 5},
      {conv2d({.out_channels = 3}), avg_pool2d({.kernel_size = 3, .stride = 2, .padding = 1}),
       layer("tanh"), conv2d({.out_channels = 3, .kernel_size = 1}), flatten(), dense(3)},
      2, 7);
}

TEST(Gradient, GlobalAvgPool) {
  check_gradients(
      {2, 5, 6}, {conv2d({.out_channels = 5}), layer("tanh"), layer("global_avg_pool2d"), dense(3)},
      3, 8);
  check_gradients({2, 5, 6}, {conv2d({.out_channels = 3}), layer("global_avg_pool2d")}, 3, 9);
}

TEST(Gradient, BatchNorm) {
  check_gradients({2, 5, 4},
                  {conv2d({.out_channels = 4, .bias = false}), batch_norm(), layer("tanh"),
                   flatten(), dense(3)},
                  3, 10);
}

TEST(Gradient, BatchNormWithReluInItsKernel) {
  check_gradients({2, 5, 4},
                  {conv2d({.out_channels = 4}), batch_norm(), relu(), flatten(), dense(3)}, 3, 11);
}

TEST(Gradient, BatchNormBehindDense) {
  check_gradients({6}, {dense(5), batch_norm(), relu(), dense(3)}, 6, 12);
  check_gradients({6}, {dense(3), batch_norm()}, 6, 13);
}

TEST(Gradient, BatchNormFirst) {
  check_gradients({2, 3, 4}, {batch_norm(), flatten(), dense(3)}, 4, 14);
  check_gradients({5}, {batch_norm(), relu(), batch_norm(), dense(3)}, 6, 15);
}

TEST(Gradient, SmoothActivations) {
  for (const char* type : {"tanh", "gelu", "silu"}) {
    SCOPED_TRACE(type);
    check_gradients({5}, {dense(6), layer(type), dense(4), layer(type), dense(3)}, 4, 16);
    check_gradients({1, 4, 4},
                    {layer(type), conv2d({.out_channels = 3}), layer(type), flatten(), dense(3)}, 2,
                    17);
  }
}

TEST(Gradient, LeakyRelu) {
  Attributes leaky = layer("leaky_relu");
  leaky["negative_slope"] = 0.2;
  check_gradients({5}, {dense(6), leaky, dense(3), leaky}, 4, 18);
}

TEST(Gradient, Crop) {
  // After blocked layouts, and with a gradient that is shared with a residual connection.
  check_gradients({2, 7, 6},
                  {crop2d(1), conv2d({.out_channels = 16, .padding = 1}),
                   conv2d({.out_channels = 16, .padding = 1}), test::add(1), crop2d(1),
                   conv2d({.out_channels = 4, .kernel_size = 2}), relu(), flatten(), dense(3)},
                  3, 20);
}

TEST(Gradient, SpatialDropout) {
  check_gradients({2, 4, 4},
                  {spatial_dropout(0.3), conv2d({.out_channels = 6}), layer("tanh"),
                   spatial_dropout(0.4), conv2d({.out_channels = 4, .kernel_size = 1}), relu(),
                   spatial_dropout(0.3), flatten(), dense(3)},
                  3, 19, {.seed = 5, .step = 2});
}

}  // namespace
}  // namespace digitry
