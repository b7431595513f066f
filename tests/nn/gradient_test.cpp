#include <gtest/gtest.h>

#include "tests/support/gradient_check.h"
#include "tests/support/networks.h"

// Every layer by finite differences of the loss, in networks small enough to move each parameter.

namespace digitry {
namespace {

using test::check_gradients;
using test::dense;
using test::dropout;
using test::flatten;
using test::random_batch;
using test::random_network;
using test::relu;

TEST(Gradient, Dense) {
  const Network network = random_network({5}, 3, {dense(3)});
  check_gradients(network, random_batch(network, 4, 1));
}

TEST(Gradient, TwoDenseLayersInARow) {
  const Network network = random_network({5}, 3, {dense(7), dense(3)});
  check_gradients(network, random_batch(network, 4, 1));
}

TEST(Gradient, FlattenAndReluInsideTheDenseKernel) {
  const Network network =
      random_network({2, 2, 3}, 3, {flatten(), dense(9), relu(), dense(6), relu(), dense(3)});
  check_gradients(network, random_batch(network, 3, 12));
}

TEST(Gradient, ReluByItself) {
  // Before any dense layer, behind another ReLU, and behind dropout: never inside a dense kernel.
  const Network network =
      random_network({6}, 3, {relu(), dense(8), relu(), relu(), dropout(0.25), relu(), dense(3)});
  check_gradients(network, random_batch(network, 5, 3), {.seed = 5, .step = 2});
}

TEST(Gradient, Dropout) {
  // The random numbers of one step are fixed, so that the loss is a function of the parameters
  // only.
  const Network network = random_network(
      {1, 2, 3}, 4,
      {flatten(), dropout(0.2), dense(16), relu(), dropout(0.5), dense(8), dropout(0.3), dense(4)});
  check_gradients(network, random_batch(network, 4, 4), {.seed = 77, .step = 3});
}

TEST(Gradient, LayersThatEndInReluOrDropout) {
  const Network with_relu = random_network({6}, 3, {dense(3), relu()});
  check_gradients(with_relu, random_batch(with_relu, 5, 5));
  const Network with_dropout = random_network({6}, 3, {dense(3), relu(), dropout(0.4)});
  check_gradients(with_dropout, random_batch(with_dropout, 5, 6), {.seed = 1, .step = 9});
}

TEST(Gradient, FlattenInTheMiddle) {
  const Network network = random_network({6}, 3, {dense(8), flatten(), relu(), dense(3)});
  check_gradients(network, random_batch(network, 5, 7));
}

TEST(Gradient, IsSummedOverTheBatchThatTheLastPlanHas) {
  const Network network = random_network({6}, 3, {dense(8), relu(), dense(3)});
  check_gradients(network, random_batch(network, 1, 8));
  check_gradients(network, random_batch(network, 33, 9));
}

TEST(Gradient, DenseWithoutBias) {
  Attributes without = dense(7);
  without["bias"] = false;
  const Network network = random_network({5}, 3, {without, relu(), dense(3)});
  check_gradients(network, random_batch(network, 4, 10));
}

}  // namespace
}  // namespace digitry
