#pragma once

#include <string>
#include <vector>

namespace digitry {

/// The processor that this process runs on, and what oneDNN makes of it.
struct CpuInfo {
  std::string model;  ///< "Intel(R) Xeon(R) ..."; "unknown" at worst.
  std::vector<std::string>
      instruction_sets;        ///< That matter here: "sse4.1" to "avx512-bf16"; "neon" to "sve512".
  int num_processors = 0;      ///< That this process may use.
  bool has_bf16 = false;       ///< has_native_bf16().
  std::string loops;           ///< What own loops are compiled for: to_string(vector_level()).
  std::string onednn_version;  ///< "2.6.3", of the library loaded now.
  std::string onednn_isa;      ///< Best set oneDNN will use: "avx512-core", ...
  std::string onednn_runtime;  ///< Its threads: "OpenMP", "sequential", ...
};

/// Whether oneDNN has native bfloat16 products here (AVX512-BF16 or AMX-BF16).
bool has_native_bf16();

/// Asks the processor and oneDNN. Where ONEDNN_MAX_CPU_ISA limits oneDNN, `onednn_isa` says so.
CpuInfo cpu_info();

}  // namespace digitry
