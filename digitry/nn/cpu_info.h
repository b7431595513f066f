#pragma once

#include <string>
#include <vector>

namespace digitry {

/// The processor that this process runs on, and how oneDNN uses it.
struct CpuInfo {
  std::string model;  ///< "Intel(R) Xeon(R) ..."; "unknown" if the system has no name.
  std::vector<std::string> instruction_sets;  ///< Those that Digitry uses: "sse4.1" to
                                              ///< "avx512-bf16"; "neon" to "sve512".
  int num_processors = 0;                     ///< Number that this process may use.
  bool has_bf16 = false;                      ///< has_native_bf16().
  std::string loops;  ///< Instruction set of Digitry's own loops: to_string(vector_level()).
  std::string onednn_version;  ///< Version of the loaded library: "2.6.3".
  std::string onednn_isa;      ///< Best instruction set that oneDNN uses: "avx512-core", ...
  std::string onednn_runtime;  ///< How oneDNN runs threads: "OpenMP", "sequential", ...
};

/// Whether oneDNN has native bfloat16 products here (AVX512-BF16 or AMX-BF16).
bool has_native_bf16();

/// Queries the processor and oneDNN. `onednn_isa` respects the limit of ONEDNN_MAX_CPU_ISA.
CpuInfo cpu_info();

}  // namespace digitry
