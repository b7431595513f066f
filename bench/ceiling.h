#pragma once

#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "digitry/nn/plan/plan.h"

namespace digitry::bench {

/// The machine's own limit: the best rate of matrix products in `precision`, in GFLOP/s, that
/// oneDNN reaches on large matrices with the threads in use. Measured (about 5 s) the first time it
/// is asked for.
double matrix_product_ceiling(Precision precision);

/// Those that the processor has.
std::vector<Precision> available_precisions();

/// Adds the counters of a benchmark whose every iteration does `flops`: GFLOP/s, the ceiling and
/// the fraction of it. Call it after the loop.
void report_flops(benchmark::State& state, double flops, Precision precision = Precision::kFloat32);

/// The same where the time is not the state's own.
void report_flop_rate(benchmark::State& state, double flops_per_second, Precision precision);

/// Adds GB/s, for what memory limits. `bytes` are read and written in one iteration.
void report_bytes(benchmark::State& state, double bytes);

/// Sums of operations, and the names of their kernels, each once: "brgemm:avx512_core relu".
double total_flops(const std::vector<Operation>& operations);
std::string kernel_names(const std::vector<Operation>& operations);

}  // namespace digitry::bench
