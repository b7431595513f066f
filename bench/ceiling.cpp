#include "bench/ceiling.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <dnnl.hpp>
#include <limits>
#include <map>
#include <set>
#include <utility>

#include "digitry/base/parallel.h"
#include "digitry/nn/onednn/kernels.h"

namespace digitry::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kSecondsEach = 1.0;
constexpr int kLeastRuns = 5;

// Seconds of the fastest of several runs: others may use the machine too.
template <typename Run>
double best_seconds(const Run& run) {
  run();
  double best = std::numeric_limits<double>::max();
  const Clock::time_point start = Clock::now();
  for (int i = 0;
       i < kLeastRuns || Clock::now() - start < std::chrono::duration<double>(kSecondsEach); ++i) {
    const Clock::time_point before = Clock::now();
    run();
    best = std::min(best, std::chrono::duration<double>(Clock::now() - before).count());
  }
  return best;
}

double gflops(std::int64_t n, double seconds) {
  const auto size = static_cast<double>(n);
  return 2 * size * size * size / seconds * 1e-9;
}

// n×n by n×n, every layout chosen by oneDNN or every one row-major; the product in float32.
double matmul_rate(std::int64_t n, bool any_layout, onednn::DataType type) {
  const auto layout = [&](onednn::DataType of) {
    return any_layout ? onednn::any_layout({n, n}, of) : onednn::plain_layout({n, n}, of);
  };
  const auto kernel =
      onednn::matmul_kernel(layout(type), layout(type), layout(onednn::DataType::f32));
  dnnl::memory a(kernel.src_desc(), onednn::cpu_engine());
  dnnl::memory b(kernel.weights_desc(), onednn::cpu_engine());
  dnnl::memory c(kernel.dst_desc(), onednn::cpu_engine());
  dnnl::memory scratchpad(kernel.scratchpad_desc(), onednn::cpu_engine());
  // 0.75 in either type.
  for (const dnnl::memory& memory : {a, b, c})
    std::memset(memory.get_data_handle(), 0x3f, memory.get_desc().get_size());
  const onednn::BoundPrimitive product(kernel, {{DNNL_ARG_SRC, a},
                                                {DNNL_ARG_WEIGHTS, b},
                                                {DNNL_ARG_DST, c},
                                                {DNNL_ARG_SCRATCHPAD, scratchpad}});
  return gflops(n, best_seconds([&] { product(); }));
}

double sgemm_rate(std::int64_t n) {
  const auto count = static_cast<std::size_t>(n * n);
  const std::vector<float> a(count, 0.5F);
  const std::vector<float> b(count, 0.5F);
  std::vector<float> c(count);
  return gflops(n, best_seconds([&] {
                  dnnl_sgemm('N', 'N', n, n, n, 1.0F, a.data(), n, b.data(), n, 0.0F, c.data(), n);
                }));
}

}  // namespace

double matrix_product_ceiling(Precision precision) {
  static std::map<std::pair<Precision, int>, double> known;
  const auto [entry, fresh] = known.try_emplace({precision, num_threads()}, 0.0);
  if (!fresh) return entry->second;
  const bool is_float32 = precision == Precision::kFloat32;
  const auto type = is_float32 ? onednn::DataType::f32 : onednn::DataType::bf16;
  entry->second = std::max({is_float32 ? sgemm_rate(2048) : 0.0, matmul_rate(2048, false, type),
                            matmul_rate(2048, true, type), matmul_rate(1024, true, type)});
  return entry->second;
}

std::vector<Precision> available_precisions() {
  if (fastest_precision() == Precision::kFloat32) return {Precision::kFloat32};
  return {Precision::kFloat32, Precision::kBFloat16};
}

void report_flop_rate(benchmark::State& state, double flops_per_second, Precision precision) {
  const double ceiling = matrix_product_ceiling(precision);
  state.counters["GFLOP/s"] = flops_per_second * 1e-9;
  state.counters["ceiling"] = ceiling;
  state.counters["fraction"] = flops_per_second * 1e-9 / ceiling;
}

void report_flops(benchmark::State& state, double flops, Precision precision) {
  using Counter = benchmark::Counter;
  const double ceiling = matrix_product_ceiling(precision);
  state.counters["GFLOP/s"] = Counter(flops * 1e-9, Counter::kIsIterationInvariantRate);
  state.counters["ceiling"] = ceiling;
  state.counters["fraction"] = Counter(flops * 1e-9 / ceiling, Counter::kIsIterationInvariantRate);
}

void report_bytes(benchmark::State& state, double bytes) {
  using Counter = benchmark::Counter;
  state.counters["GB/s"] = Counter(bytes * 1e-9, Counter::kIsIterationInvariantRate);
}

double total_flops(const std::vector<Operation>& operations) {
  double total = 0;
  for (const Operation& operation : operations) total += operation.flops;
  return total;
}

std::string kernel_names(const std::vector<Operation>& operations) {
  std::string names;
  std::set<std::string> known;
  for (const Operation& operation : operations)
    if (known.insert(operation.kernel).second)
      names += (names.empty() ? "" : " ") + operation.kernel;
  return names;
}

}  // namespace digitry::bench
