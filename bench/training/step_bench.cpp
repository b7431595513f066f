#include <benchmark/benchmark.h>

#include <algorithm>

#include "bench/ceiling.h"
#include "digitry/kernels/softmax_cross_entropy.h"
#include "digitry/nn/plan/plan.h"
#include "digitry/nn/plan/session.h"
#include "digitry/optim/optimizer.h"
#include "digitry/training/recipe.h"
#include "tests/support/networks.h"
#include "tests/support/values.h"

// One step of training with everything in it: gather, forward, loss, backward, Adam. Pixels are
// random; nothing in a step depends on what they show. Matrix products alone are counted as work.

namespace digitry::bench {
namespace {

constexpr std::int64_t kNumImages = 20000;
constexpr std::int64_t kClasses = 10;

struct Architecture {
  std::string name;
  std::vector<Attributes> layers;
};

std::vector<Architecture> architectures() {
  return {
      {"784-128-10", {test::flatten(), test::dense(128), test::relu(), test::dense(kClasses)}},
      {"784-512-512-10",
       {test::flatten(), test::dense(512), test::relu(), test::dense(512), test::relu(),
        test::dense(kClasses)}},
      {"784-512-512-10+dropout",
       {test::flatten(), test::dense(512), test::relu(), test::dropout(0.3), test::dense(512),
        test::relu(), test::dropout(0.3), test::dense(kClasses)}},
      {"cnn-mnist-convnet", find_recipe("cnn-mnist-convnet").layers},
      {"fast", find_recipe("fast").layers},
  };
}

void step(benchmark::State& state, const Architecture& architecture, std::int64_t batch_size,
          Precision precision) {
  Network network({1, 28, 28}, kClasses, architecture.layers);
  network.initialize(1);
  ParameterArena arena(/*with_gradients=*/true);
  Plan plan(network, batch_size, PlanMode::kTraining, arena, precision);
  arena.load(network.parameters());
  const auto optimizer =
      make_optimizer(Adam{}, {.all = arena.values().size(), .decayed = arena.num_weight_values()});
  Tensor images({kNumImages, 1, 28, 28}, DType::kU8);
  std::ranges::copy(test::random_pixels(kNumImages * 784, 1), images.as<std::uint8_t>().begin());
  const auto order = test::random_labels(kNumImages, kNumImages, 1);
  const auto labels = test::random_labels(batch_size, kClasses, 2);
  std::vector<float> losses(labels.size());

  StepContext context{.seed = 1};
  for (auto _ : state) {
    const std::int64_t first = context.step * batch_size % (kNumImages - batch_size);
    gather_batch(images, std::span(order).subspan(static_cast<std::size_t>(first), labels.size()),
                 {}, plan.input());
    plan.forward(context);
    kernels::softmax_cross_entropy(plan.logits(), labels, kClasses,
                                   1.0F / static_cast<float>(batch_size), losses,
                                   plan.logit_gradients());
    plan.backward(context);
    optimizer->step(arena.gradients(), arena.values(), {});
    ++context.step;
  }
  report_flops(state,
               total_flops(plan.forward_operations()) + total_flops(plan.backward_operations()),
               precision);
  state.SetItemsProcessed(state.iterations() * batch_size);
  std::vector<Operation> operations = plan.forward_operations();
  std::ranges::copy(plan.backward_operations(), std::back_inserter(operations));
  state.SetLabel(kernel_names(operations));
}

const bool kStepRegistered = [] {
  for (const Architecture& architecture : architectures())
    for (const std::int64_t batch_size : {32, 128, 512})
      for (const Precision precision : available_precisions())
        benchmark::RegisterBenchmark(
            ("Step/" + architecture.name + "/" + std::to_string(batch_size) + "/" +
             to_string(precision))
                .c_str(),
            [=](benchmark::State& state) { step(state, architecture, batch_size, precision); })
            ->UseRealTime()
            ->Unit(benchmark::kMicrosecond);
  return true;
}();

}  // namespace
}  // namespace digitry::bench
