#include <benchmark/benchmark.h>

#include "bench/ceiling.h"
#include "digitry/kernels/elementwise.h"
#include "digitry/nn/plan/session.h"
#include "tests/cases/elementwise_cases.h"
#include "tests/support/values.h"

// Limited by memory or, for dropout, by Philox: GB/s, counting each byte read or written once.

namespace digitry::bench {
namespace {

constexpr double kFloat = sizeof(float);
constexpr kernels::DropoutStream kStream{.seed = 1, .step = 1, .layer = 1};

void sizes(benchmark::internal::Benchmark* benchmark) {
  for (const std::int64_t size : cases::kElementwiseSpeedSizes) benchmark->Arg(size);
  benchmark->UseRealTime();
}

void ReluForward(benchmark::State& state) {
  auto values = test::random_values(state.range(0), 1);
  for (auto _ : state) {
    kernels::relu_forward(values);
    benchmark::ClobberMemory();
  }
  report_bytes(state, 2 * kFloat * static_cast<double>(state.range(0)));
}
BENCHMARK(ReluForward)->Apply(sizes);

void ReluBackward(benchmark::State& state) {
  const auto output = test::random_values(state.range(0), 1);
  auto grad = test::random_values(state.range(0), 2);
  for (auto _ : state) {
    kernels::relu_backward(output, grad);
    benchmark::ClobberMemory();
  }
  report_bytes(state, 3 * kFloat * static_cast<double>(state.range(0)));
}
BENCHMARK(ReluBackward)->Apply(sizes);

void DropoutForward(benchmark::State& state) {
  // Values that stay finite, however often they are scaled.
  std::vector<float> values(static_cast<std::size_t>(state.range(0)));
  std::vector<std::uint8_t> keep(values.size());
  for (auto _ : state) {
    kernels::dropout_forward(values, keep, 0.3F, kStream);
    benchmark::ClobberMemory();
  }
  report_bytes(state, (2 * kFloat + 1) * static_cast<double>(state.range(0)));
}
BENCHMARK(DropoutForward)->Apply(sizes);

void DropoutBackward(benchmark::State& state) {
  std::vector<float> grad(static_cast<std::size_t>(state.range(0)));
  const std::vector<std::uint8_t> keep(grad.size(), 1);
  for (auto _ : state) {
    kernels::dropout_backward(keep, grad, 0.3F);
    benchmark::ClobberMemory();
  }
  report_bytes(state, (2 * kFloat + 1) * static_cast<double>(state.range(0)));
}
BENCHMARK(DropoutBackward)->Apply(sizes);

// Batch assembly: random images of 28×28 bytes to float32 rows.
void GatherBatch(benchmark::State& state) {
  constexpr std::int64_t kImages = 20000;
  constexpr std::int64_t kPixels = 784;
  Tensor images({kImages, 1, 28, 28}, DType::kU8);
  const auto indices = test::random_labels(state.range(0), kImages, 1);
  std::vector<float> to(static_cast<std::size_t>(state.range(0) * kPixels));
  for (auto _ : state) {
    gather_batch(images, indices, {}, to);
    benchmark::ClobberMemory();
  }
  report_bytes(state, (1 + kFloat) * static_cast<double>(state.range(0) * kPixels));
}
BENCHMARK(GatherBatch)->Arg(32)->Arg(128)->Arg(512)->UseRealTime();

}  // namespace
}  // namespace digitry::bench
