#include <benchmark/benchmark.h>

#include <algorithm>

#include "bench/ceiling.h"
#include "digitry/nn/dense.h"
#include "digitry/nn/plan.h"
#include "tests/cases/dense_cases.h"
#include "tests/support/networks.h"
#include "tests/support/values.h"

// One dense layer (behind another, so that the gradient by its input is wanted), as a training plan
// runs it: reorders of its operands count into its time.

namespace digitry::bench {
namespace {

void dense(benchmark::State& state, const cases::DenseCase& extents, Direction direction) {
  const Network network =
      test::random_network({1}, extents.out_features,
                           {test::dense(extents.in_features), test::dense(extents.out_features)});
  ParameterArena arena(/*with_gradients=*/true);
  Plan plan(network, extents.batch_size, PlanMode::kTraining, arena);
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
    return operation.layer == "1 dense" && operation.direction == direction;
  });
  for (auto _ : state)
    for (const Operation& operation : operations) operation.run({});
  report_flops(state, total_flops(operations));
  state.SetLabel(kernel_names(operations));
}

const bool kDenseRegistered = [] {
  for (const auto& [name, direction] : {std::pair("forward", Direction::kForward),
                                        std::pair("backward_data", Direction::kBackwardData),
                                        std::pair("backward_weights", Direction::kBackwardWeights)})
    for (const cases::DenseCase& extents : cases::kDenseSpeedCases)
      benchmark::RegisterBenchmark(
          ("Dense/" + std::string(name) + "/" + name_of(extents)).c_str(),
          [=, d = direction](benchmark::State& state) { dense(state, extents, d); })
          ->UseRealTime();
  return true;
}();

}  // namespace
}  // namespace digitry::bench
