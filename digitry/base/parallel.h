#pragma once

#include <omp.h>

#include <algorithm>
#include <cstdint>

namespace digitry {

/// Number of threads that work is spread over: OpenMP's own, which oneDNN uses too.
int num_threads();

/// Sets it for the whole process; 0 means one a processor. Throws Error{kInvalidArgument} outside
/// [0, 1024].
void set_num_threads(int count);

namespace internal {
// The thread sanitizer cannot see libgomp's own synchronisation, as that library is not built with
// it. These two say what the fork and the join of a parallel region guarantee; empty elsewhere.
void annotate_release(const void* tag);
void annotate_acquire(const void* tag);
}  // namespace internal

/// Calls `body(begin, end)` on contiguous parts of [0, count), one part a thread, each part at
/// least `grain` long (but for the last). The parts depend only on `count`, `grain` and the number
/// of threads, so that results are reproducible. `body` must not throw.
template <typename Body>
void parallel_for(std::int64_t count, std::int64_t grain, const Body& body) {
  const std::int64_t parts =
      std::min<std::int64_t>(num_threads(), (count + grain - 1) / std::max<std::int64_t>(grain, 1));
  if (parts <= 1) {
    if (count > 0) body(std::int64_t{0}, count);
    return;
  }
  char tag = 0;
  internal::annotate_release(&tag);
#pragma omp parallel num_threads(static_cast <int>(parts))
  {
    internal::annotate_acquire(&tag);
    // OpenMP may give fewer threads than asked for, e.g. one inside another parallel region.
    for (std::int64_t part = omp_get_thread_num(); part < parts; part += omp_get_num_threads())
      body(count * part / parts, count * (part + 1) / parts);
    internal::annotate_release(&tag);
  }
  internal::annotate_acquire(&tag);
}

}  // namespace digitry
