#include <gtest/gtest.h>

#include "tests/support/gradient_check.h"
#include "tests/support/networks.h"

// Residual connections by finite differences of the loss.

namespace digitry {
namespace {

using test::add;
using test::batch_norm;
using test::check_gradients;
using test::conv2d;
using test::dense;
using test::dropout;
using test::flatten;
using test::layer;
using test::max_pool2d;
using test::relu;

const Attributes kConv = conv2d({.out_channels = 4, .padding = 1});

TEST(ResidualGradient, OverTheBlockOfResidualNetworks) {
  check_gradients({1, 4, 4},
                  {kConv, kConv, batch_norm(), relu(), kConv, batch_norm(), add(5), relu(),
                   flatten(), dense(3)},
                  3, 16);
}

TEST(ResidualGradient, OverNormalizedInputsOfConvolutions) {
  // The later form of He et al.: the skipped value is added unchanged.
  check_gradients({1, 4, 4},
                  {kConv, batch_norm(), relu(), kConv, batch_norm(), relu(), kConv, add(6),
                   batch_norm(), relu(), flatten(), dense(3)},
                  3, 15);
}

TEST(ResidualGradient, SkipOfTheNetworksInput) {
  check_gradients({5}, {dense(5), layer("tanh"), add(2), dense(3)}, 4, 3);
  check_gradients({4, 3, 3}, {kConv, layer("silu"), add(2), flatten(), dense(3)}, 2, 4);
  check_gradients({5}, {relu(), dense(5), add(2), dense(3)}, 4, 5);
}

TEST(ResidualGradient, TwoReadersOfOneValue) {
  check_gradients({5}, {dense(6), layer("tanh"), dense(6), add(2), layer("gelu"), add(4), dense(3)},
                  4, 6);
}

TEST(ResidualGradient, Nested) {
  check_gradients({5},
                  {dense(6), dense(6), layer("tanh"), dense(6), add(2), layer("silu"), dense(6),
                   add(6), dense(3)},
                  4, 7);
}

TEST(ResidualGradient, Overlapping) {
  check_gradients(
      {5}, {dense(6), dense(6), layer("tanh"), add(2), dense(6), layer("gelu"), add(4), dense(3)},
      4, 8);
}

TEST(ResidualGradient, AddRightBehindAdd) {
  check_gradients({5}, {dense(6), layer("tanh"), add(1), add(2), add(1), dense(3)}, 4, 9);
}

TEST(ResidualGradient, AroundLayersThatComputeInPlace) {
  check_gradients({6}, {dense(6), relu(), dropout(0.3), relu(), add(3), relu(), add(1), dense(3)},
                  5, 10, {.seed = 3, .step = 1});
}

TEST(ResidualGradient, ReluThatSomebodyElseReadsIsNotLeftToMaxPool) {
  check_gradients({1, 4, 4},
                  {kConv, relu(), max_pool2d({.kernel_size = 3, .stride = 1, .padding = 1}), add(1),
                   flatten(), dense(3)},
                  2, 19);
  check_gradients({1, 4, 4},
                  {kConv, relu(), max_pool2d({.kernel_size = 3, .stride = 1, .padding = 1}),
                   layer("tanh"), add(2), flatten(), dense(3)},
                  2, 20);
}

TEST(ResidualGradient, LastLayer) {
  check_gradients({5}, {dense(3), layer("tanh"), add(1)}, 4, 13);
  check_gradients({5}, {dense(3), dense(3), add(1)}, 4, 14);
}

}  // namespace
}  // namespace digitry
