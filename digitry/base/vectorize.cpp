#include "digitry/base/vectorize.h"

#include <algorithm>
#include <atomic>
#include <cctype>
#include <cstdlib>
#include <string_view>

#include "digitry/base/error.h"

namespace digitry {
namespace {

VectorLevel processor_level() {
#if defined(__x86_64__)
  __builtin_cpu_init();
  const bool v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                  __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
  if (v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl"))
    return VectorLevel::kV4;
  if (v3) return VectorLevel::kV3;
#endif
  return VectorLevel::kBaseline;
}

// The values that oneDNN accepts: SSE41, AVX, AVX2, AVX2_VNNI, AVX512_CORE and longer names that
// begin with it, ALL, DEFAULT.
VectorLevel allowed_level() {
  const char* limit = std::getenv("ONEDNN_MAX_CPU_ISA");
  if (limit == nullptr) limit = std::getenv("DNNL_MAX_CPU_ISA");
  if (limit == nullptr) return VectorLevel::kV4;
  std::string name = limit;
  std::ranges::transform(name, name.begin(),
                         [](unsigned char letter) { return std::toupper(letter); });
  if (name == "SSE41" || name == "AVX") return VectorLevel::kBaseline;
  if (name.starts_with("AVX2")) return VectorLevel::kV3;
  return VectorLevel::kV4;
}

VectorLevel highest_level() {
  static const VectorLevel level = std::min(processor_level(), allowed_level());
  return level;
}

std::atomic<VectorLevel>& current_level() {
  static std::atomic<VectorLevel> level = highest_level();
  return level;
}

}  // namespace

VectorLevel vector_level() { return current_level().load(std::memory_order_relaxed); }

std::vector<VectorLevel> vector_levels() {
  std::vector<VectorLevel> levels;
  for (const VectorLevel level : {VectorLevel::kBaseline, VectorLevel::kV3, VectorLevel::kV4})
    if (level <= highest_level()) levels.push_back(level);
  return levels;
}

ScopedVectorLevel::ScopedVectorLevel(VectorLevel level) : before_(vector_level()) {
  if (level > highest_level())
    throw Error(ErrorCode::kInvalidArgument,
                "instruction set {}: expected at most {}, which is what this processor has and "
                "ONEDNN_MAX_CPU_ISA allows",
                to_string(level), to_string(highest_level()));
  current_level() = level;
}

ScopedVectorLevel::~ScopedVectorLevel() { current_level() = before_; }

std::string to_string(VectorLevel level) {
  switch (level) {
    case VectorLevel::kBaseline:
      return "baseline";
    case VectorLevel::kV3:
      return "x86-64-v3";
    case VectorLevel::kV4:
      return "x86-64-v4";
  }
  return {};
}

}  // namespace digitry
