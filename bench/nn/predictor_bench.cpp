#include <benchmark/benchmark.h>

#include <algorithm>

#include "bench/ceiling.h"
#include "digitry/nn/plan/session.h"
#include "digitry/training/recipe.h"
#include "tests/support/values.h"

namespace digitry::bench {
namespace {

// Logits of 10,000 images of 28×28, as `digitry evaluate` asks for them, by a shipped recipe's
// network.
void Predict10000(benchmark::State& state, const std::string& recipe) {
  constexpr std::int64_t kImages = 10000;
  Network network({1, 28, 28}, 10, find_recipe(recipe).layers);
  network.initialize(1);
  Tensor images({kImages, 1, 28, 28}, DType::kU8);
  std::ranges::copy(test::random_pixels(kImages * 784, 1), images.as<std::uint8_t>().begin());
  Predictor predictor(network, {});
  for (auto _ : state) benchmark::DoNotOptimize(predictor.logits(images).data());
  double flops = 0;
  for (const LayerSummary& layer : network.summary())
    flops += 2.0 * static_cast<double>(layer.multiply_adds * kImages);
  report_flops(state, flops);
  state.SetItemsProcessed(state.iterations() * kImages);
}
BENCHMARK_CAPTURE(Predict10000, notebook, std::string("notebook"))
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Predict10000, mlp, std::string("mlp"))
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace digitry::bench
