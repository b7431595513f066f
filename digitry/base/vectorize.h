#pragma once

/// Marks a leaf loop that is worth compiling once for each instruction-set level; the loader picks
/// the best one the CPU has. Put it on plain functions over contiguous ranges: it does not reach
/// into OpenMP regions or lambdas.
#if defined(DIGITRY_NO_TARGET_CLONES) || !defined(__x86_64__) || defined(__clang__)
#define DIGITRY_VECTORIZE
#else
#define DIGITRY_VECTORIZE \
  __attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4"), optimize("O3")))
#endif
