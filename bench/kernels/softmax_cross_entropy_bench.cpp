#include <benchmark/benchmark.h>

#include "digitry/kernels/softmax_cross_entropy.h"
#include "tests/support/values.h"

namespace digitry::bench {
namespace {

void SoftmaxCrossEntropy(benchmark::State& state) {
  const std::int64_t rows = state.range(0);
  const std::int64_t classes = state.range(1);
  const auto logits = test::random_values(rows * classes, 1);
  const auto labels = test::random_labels(rows, classes, 1);
  std::vector<float> losses(labels.size());
  std::vector<float> grad(logits.size());
  for (auto _ : state) {
    kernels::softmax_cross_entropy(logits, labels, classes, 1.0F, losses, grad);
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * rows);
}
BENCHMARK(SoftmaxCrossEntropy)->Args({128, 10})->Args({512, 10})->Args({128, 26})->UseRealTime();

}  // namespace
}  // namespace digitry::bench
