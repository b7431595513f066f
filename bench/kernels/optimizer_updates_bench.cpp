#include <benchmark/benchmark.h>

#include "bench/ceiling.h"
#include "digitry/kernels/optimizer_updates.h"
#include "tests/support/values.h"

namespace digitry::bench {
namespace {

// Parameters of 784-128-10 and of 784-512-512-10.
void networks(benchmark::internal::Benchmark* benchmark) {
  benchmark->Arg(101'770)->Arg(669'706)->UseRealTime();
}

void AdamUpdate(benchmark::State& state) {
  const auto size = static_cast<std::size_t>(state.range(0));
  const auto gradients = test::random_values(state.range(0), 1);
  std::vector<float> first(size), second(size), values(size);
  std::int64_t step = 0;
  for (auto _ : state) {
    kernels::adam_update({.step = ++step}, gradients, first, second, values);
    benchmark::ClobberMemory();
  }
  report_bytes(state, 7 * sizeof(float) * static_cast<double>(size));
}
BENCHMARK(AdamUpdate)->Apply(networks);

void SgdMomentumUpdate(benchmark::State& state) {
  const auto size = static_cast<std::size_t>(state.range(0));
  const auto gradients = test::random_values(state.range(0), 1);
  std::vector<float> velocity(size), values(size);
  for (auto _ : state) {
    kernels::sgd_update({.momentum = 0.9F}, gradients, velocity, values);
    benchmark::ClobberMemory();
  }
  report_bytes(state, 5 * sizeof(float) * static_cast<double>(size));
}
BENCHMARK(SgdMomentumUpdate)->Apply(networks);

void LionUpdate(benchmark::State& state) {
  const auto size = static_cast<std::size_t>(state.range(0));
  const auto gradients = test::random_values(state.range(0), 1);
  std::vector<float> momentum(size), values(size);
  for (auto _ : state) {
    kernels::lion_update({}, gradients, momentum, values);
    benchmark::ClobberMemory();
  }
  report_bytes(state, 5 * sizeof(float) * static_cast<double>(size));
}
BENCHMARK(LionUpdate)->Apply(networks);

void AverageUpdate(benchmark::State& state) {
  const auto values = test::random_values(state.range(0), 1);
  std::vector<float> average(values.size());
  for (auto _ : state) {
    kernels::average_update(0.99, values, average);
    benchmark::ClobberMemory();
  }
  report_bytes(state, 3 * sizeof(float) * static_cast<double>(values.size()));
}
BENCHMARK(AverageUpdate)->Apply(networks);

void SumOfSquares(benchmark::State& state) {
  const auto values = test::random_values(state.range(0), 1);
  for (auto _ : state) benchmark::DoNotOptimize(kernels::sum_of_squares(values));
  report_bytes(state, sizeof(float) * static_cast<double>(values.size()));
}
BENCHMARK(SumOfSquares)->Apply(networks);

}  // namespace
}  // namespace digitry::bench
