#include <benchmark/benchmark.h>

#include <algorithm>

#include "bench/ceiling.h"
#include "digitry/training/trainer.h"
#include "tests/support/values.h"

// One epoch of a shipped recipe by the trainer itself, on as many images as MNIST leaves to train
// on (random ones). The time is the trainer's own: steps and shuffling, not the building of plans.

namespace digitry::bench {
namespace {

constexpr std::int64_t kImages = 54000;

Dataset random_images() {
  Dataset data;
  data.images = Tensor({kImages, 1, 28, 28}, DType::kU8);
  std::ranges::copy(test::random_pixels(kImages * 784, 1), data.images.as<std::uint8_t>().begin());
  data.labels = test::random_labels(kImages, 10, 1);
  for (int c = 0; c < 10; ++c) data.class_names.push_back(std::to_string(c));
  data.name = "random";
  return data;
}

void Epoch(benchmark::State& state, const std::string& name) {
  static const Dataset data = random_images();
  Recipe recipe = find_recipe(name);
  recipe.epochs = 1;
  recipe.validation = 0;
  double seconds = 0;
  double flops_an_image = 0;
  for (auto _ : state) {
    Trainer trainer(recipe, data);
    trainer.run({});
    state.SetIterationTime(trainer.elapsed_seconds());
    seconds += trainer.elapsed_seconds();
    flops_an_image = (total_flops(trainer.plan().forward_operations()) +
                      total_flops(trainer.plan().backward_operations())) /
                     static_cast<double>(trainer.plan().batch_size());
  }
  const auto images = static_cast<double>(state.iterations() * kImages);
  report_flop_rate(state, flops_an_image * images / seconds, parse_precision(recipe.precision));
  state.SetItemsProcessed(state.iterations() * kImages);
}
BENCHMARK_CAPTURE(Epoch, notebook, std::string("notebook"))
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Epoch, mlp, std::string("mlp"))->UseManualTime()->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Epoch, fast, std::string("fast"))->UseManualTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace digitry::bench
