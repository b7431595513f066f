#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "digitry/base/parallel.h"
#include "digitry/base/version.h"
#include "digitry/nn/cpu_info.h"

// Google Benchmark's main, with the machine in the heading and the counters as a table.

int main(int argc, char** argv) {
  using namespace digitry;
  std::vector<char*> arguments(argv, argv + argc);
  std::string tabular = "--benchmark_counters_tabular=true";
  arguments.insert(arguments.begin() + 1, tabular.data());
  auto count = static_cast<int>(arguments.size());
  benchmark::Initialize(&count, arguments.data());
  if (benchmark::ReportUnrecognizedArguments(count, arguments.data())) return 2;
  const CpuInfo cpu = cpu_info();
  benchmark::AddCustomContext("digitry", std::string(version()));
  benchmark::AddCustomContext("compiler", build_info().compiler + ", " + build_info().build_type);
  benchmark::AddCustomContext("processor", cpu.model);
  benchmark::AddCustomContext("oneDNN", cpu.onednn_version + ", " + cpu.onednn_isa);
  benchmark::AddCustomContext("threads", std::to_string(num_threads()));
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
