#pragma once

#include <string>
#include <vector>

/// Marks a loop over contiguous memory that `vectorized` compiles once per instruction-set level,
/// and the functions that such a loop calls. Always inlined: the code is compiled for the
/// instruction set of its caller. OpenMP regions and lambdas inside it are not.
#define DIGITRY_INLINE inline __attribute__((always_inline))

namespace digitry {

/// The instruction sets for which Digitry's own loops are compiled: the compiler's target (SSE2 on
/// x86-64, NEON on arm64), x86-64-v3 (AVX2 and FMA), x86-64-v4 (AVX-512 F, BW, CD, DQ, VL).
enum class VectorLevel { kBaseline, kV3, kV4 };

/// The highest level that the processor supports and that the environment variable
/// ONEDNN_MAX_CPU_ISA (or DNNL_MAX_CPU_ISA), which limits the kernels of oneDNN, allows; or that of
/// a ScopedVectorLevel.
VectorLevel vector_level();
/// All levels that the processor supports and the environment allows, lowest first.
std::vector<VectorLevel> vector_levels();
/// "baseline", "x86-64-v3", "x86-64-v4".
std::string to_string(VectorLevel level);

/// Holds the own loops of all threads to a level for a scope: for tests and benchmarks, which run
/// each kernel at each level. Plans that exist keep what they chose.
class ScopedVectorLevel {
 public:
  /// Throws Error{kInvalidArgument} if `level` is not one of `vector_levels()`.
  explicit ScopedVectorLevel(VectorLevel level);
  ~ScopedVectorLevel();
  ScopedVectorLevel(const ScopedVectorLevel&) = delete;
  ScopedVectorLevel& operator=(const ScopedVectorLevel&) = delete;

 private:
  VectorLevel before_;
};

/// The function `Loop`, marked DIGITRY_INLINE, compiled for each level. For x86-64-v3 and
/// x86-64-v4 it may be another function: one source, instantiated for another number of lanes. The
/// attribute target_clones does the same for plain functions, but in clang not for templates, and
/// not for these levels before clang 18.
template <auto Loop, auto V3Loop = Loop, auto V4Loop = V3Loop>
class Vectorized;

template <typename Result, typename... Args, Result (*Loop)(Args...), Result (*V3Loop)(Args...),
          Result (*V4Loop)(Args...)>
class Vectorized<Loop, V3Loop, V4Loop> {
 public:
  using Function = Result (*)(Args...);

  /// The version for this processor.
  static Function function() {
#if defined(__x86_64__)
    if (vector_level() == VectorLevel::kV4) return v4;
    if (vector_level() == VectorLevel::kV3) return v3;
#endif
    return baseline;
  }

 private:
  static Result baseline(Args... args) { return Loop(args...); }
#if defined(__x86_64__)
  __attribute__((target("arch=x86-64-v3"))) static Result v3(Args... args) {
    return V3Loop(args...);
  }
  __attribute__((target("arch=x86-64-v4"))) static Result v4(Args... args) {
    return V4Loop(args...);
  }
#endif
};

/// Calls the version of `Loop` for this processor: `vectorized<add_line<float>>(from, count, to)`.
template <auto Loop, typename... Args>
auto vectorized(const Args&... args) {
  return Vectorized<Loop>::function()(args...);
}

}  // namespace digitry
