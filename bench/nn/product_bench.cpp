#include <benchmark/benchmark.h>

#include <algorithm>

#include "bench/ceiling.h"
#include "digitry/nn/plan/plan.h"
#include "tests/cases/conv_cases.h"
#include "tests/cases/dense_cases.h"
#include "tests/cases/pooled_conv_cases.h"
#include "tests/support/networks.h"
#include "tests/support/values.h"

// One dense or convolution layer, behind another so that the gradient by its input is wanted, as a
// training plan runs it: reorders of its operands count into its time.

namespace digitry::bench {
namespace {

struct ProductCase {
  std::string name;
  std::int64_t batch_size;
  Shape image;
  std::vector<Attributes> layers;  ///< The second of them is measured.
};

ProductCase product_case(const cases::DenseCase& c) {
  return {.name = "Dense/" + cases::name_of(c),
          .batch_size = c.batch_size,
          .image = {1},
          .layers = {test::dense(c.in_features), test::dense(c.out_features)}};
}

ProductCase product_case(const cases::Conv2dCase& c) {
  return {.name = "Conv2d/" + cases::name_of(c),
          .batch_size = c.batch_size,
          .image = {1, c.height, c.width},
          .layers = {test::conv2d({.out_channels = c.in_channels, .kernel_size = 1}),
                     test::conv2d({.out_channels = c.out_channels,
                                   .kernel_size = c.kernel_size,
                                   .stride = c.stride,
                                   .padding = c.padding,
                                   .groups = c.groups}),
                     test::flatten(), test::dense(1)}};
}

// With the ReLU and the maximum behind it, which are planned with it.
ProductCase product_case(const kernels::PooledConv2dShape& c) {
  return {
      .name = "PooledConv2d/" + cases::name_of(c),
      .batch_size = c.batch_size,
      .image = {1, c.height, c.width},
      .layers = {
          test::conv2d({.out_channels = c.in_channels, .kernel_size = 1}),
          test::conv2d(
              {.out_channels = c.out_channels, .kernel_size = c.kernel_size, .padding = c.padding}),
          test::relu(), test::max_pool2d({.kernel_size = c.pool_size, .stride = c.pool_size}),
          test::flatten(), test::dense(1)}};
}

void product(benchmark::State& state, const ProductCase& c, Direction direction,
             Precision precision) {
  const Network network = test::random_network(
      c.image, c.image.rank() == 1 ? std::get<std::int64_t>(c.layers[1].at("out_features")) : 1,
      c.layers);
  ParameterArena arena(/*with_gradients=*/true);
  Plan plan(network, c.batch_size, PlanMode::kTraining, arena, precision);
  arena.load(network.parameters());
  std::ranges::copy(test::random_values(std::ssize(plan.input()), 1), plan.input().begin());
  plan.forward({});
  std::ranges::copy(test::random_values(std::ssize(plan.logits()), 2),
                    plan.logit_gradients().begin());
  plan.backward({});

  std::vector<Operation> operations;
  const auto& all =
      direction == Direction::kForward ? plan.forward_operations() : plan.backward_operations();
  std::ranges::copy_if(all, std::back_inserter(operations), [&](const Operation& operation) {
    return operation.layer.starts_with("1 ") && operation.direction == direction;
  });
  for (auto _ : state)
    for (const Operation& operation : operations) operation.run({});
  report_flops(state, total_flops(operations), precision);
  state.SetLabel(kernel_names(operations));
}

void register_product(const ProductCase& c, const std::vector<Direction>& directions) {
  for (const Direction direction : directions)
    for (const Precision precision : available_precisions()) {
      std::string name = c.name + "/" + to_string(direction) + "/" + to_string(precision);
      std::ranges::replace(name, ' ', '_');
      benchmark::RegisterBenchmark(name.c_str(), [=](benchmark::State& state) {
        product(state, c, direction, precision);
      })->UseRealTime();
    }
}

const bool kProductsRegistered = [] {
  const std::vector<Direction> one_by_one{Direction::kForward, Direction::kBackwardData,
                                          Direction::kBackwardWeights};
  for (const auto& c : cases::kDenseSpeedCases) register_product(product_case(c), one_by_one);
  for (const auto& c : cases::kConv2dSpeedCases) register_product(product_case(c), one_by_one);
  for (const auto& c : cases::kPooledConv2dSpeedCases)
    register_product(product_case(c), {Direction::kForward, Direction::kBackward});
  return true;
}();

}  // namespace
}  // namespace digitry::bench
