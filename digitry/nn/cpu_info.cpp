#include "digitry/nn/cpu_info.h"

#include <fmt/format.h>
#include <omp.h>

#include <fstream>
#include <string_view>

#include "digitry/base/vectorize.h"
#include "digitry/nn/onednn/primitive.h"

#if defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#endif

namespace digitry {
namespace {

std::string processor_model() {
  std::ifstream file("/proc/cpuinfo");
  std::string line;
  std::string codes;
  while (std::getline(file, line)) {
    const std::size_t colon = line.find(": ");
    if (colon == std::string::npos) continue;
    std::string value = line.substr(colon + 2);
    if (line.starts_with("model name") || line.starts_with("Model")) return value;
    // Most arm64 processors have no "model name" line. "implementer 0x41, part 0xd0c" is a Neoverse
    // N1.
    if (line.starts_with("CPU implementer") && codes.empty()) codes = "implementer " + value;
    if (line.starts_with("CPU part") && codes.find("part") == std::string::npos)
      codes += ", part " + value;
  }
  return codes.empty() ? "unknown" : codes;
}

// __builtin_cpu_supports also checks that the system saves the registers. It does not know AMX.
std::vector<std::string> processor_instruction_sets() {
  std::vector<std::string> sets;
#if defined(__x86_64__)
  __builtin_cpu_init();
  const auto add = [&](const char* name, int supported) {
    if (supported != 0) sets.emplace_back(name);
  };
  add("sse4.1", __builtin_cpu_supports("sse4.1"));
  add("avx", __builtin_cpu_supports("avx"));
  add("avx2", __builtin_cpu_supports("avx2"));
  add("fma", __builtin_cpu_supports("fma"));
  add("avx512f", __builtin_cpu_supports("avx512f"));
  add("avx512bw", __builtin_cpu_supports("avx512bw"));
  add("avx512-vnni", __builtin_cpu_supports("avx512vnni"));
#if defined(__GNUC__) && !defined(__clang__)
  add("avx512-bf16", __builtin_cpu_supports("avx512bf16"));
#endif
#elif defined(__aarch64__)
  const auto add = [&](const char* name, unsigned long bits, unsigned long bit) {
    if ((bits & bit) != 0) sets.emplace_back(name);
  };
  const unsigned long first = getauxval(AT_HWCAP);
  const unsigned long second = getauxval(AT_HWCAP2);
  add("neon", first, HWCAP_ASIMD);
  add("fp16", first, HWCAP_ASIMDHP);
  add("dotprod", first, HWCAP_ASIMDDP);
  // The vector length depends on the processor: "sve512" has 512 bits.
  const int length = (first & HWCAP_SVE) != 0 ? prctl(PR_SVE_GET_VL) & PR_SVE_VL_LEN_MASK : 0;
  if (length > 0) sets.push_back(fmt::format("sve{}", 8 * length));
  add("sve2", second, HWCAP2_SVE2);
  add("bf16", second, HWCAP2_BF16);
  add("i8mm", second, HWCAP2_I8MM);
#endif
  return sets;
}

std::string runtime_name(unsigned runtime) {
  switch (runtime) {
    case DNNL_RUNTIME_SEQ:
      return "sequential";
    case DNNL_RUNTIME_OMP:
      return "OpenMP";
    case DNNL_RUNTIME_TBB:
      return "TBB";
    case DNNL_RUNTIME_THREADPOOL:
      return "thread pool";
    default:
      return fmt::format("runtime {}", runtime);
  }
}

}  // namespace

bool has_native_bf16() { return onednn::has_bf16_products(); }

CpuInfo cpu_info() {
  CpuInfo info;
  info.model = processor_model();
  info.instruction_sets = processor_instruction_sets();
  info.loops = to_string(vector_level());
  info.num_processors = omp_get_num_procs();
  const dnnl_version_t* onednn = dnnl_version();
  info.onednn_version = fmt::format("{}.{}.{}", onednn->major, onednn->minor, onednn->patch);
  info.onednn_runtime = runtime_name(onednn->cpu_runtime);
  info.onednn_isa = onednn::effective_instruction_set();
  info.has_bf16 = has_native_bf16();
  return info;
}

}  // namespace digitry
