#pragma once

#include <omp.h>

#include <algorithm>
#include <cstdint>
#include <type_traits>
#include <vector>
#if defined(__SANITIZE_THREAD__)
#include <thread>
#endif

namespace digitry {

/// Number of threads that work is spread over: OpenMP's own, which oneDNN uses too.
int num_threads();

/// Sets it for the whole process; 0 means one a processor. Throws Error{kInvalidArgument} outside
/// [0, 1024].
void set_num_threads(int count);

/// The number of parts that `parallel_for` makes.
inline std::int64_t num_parallel_parts(std::int64_t count, std::int64_t grain) {
  return std::min<std::int64_t>(num_threads(),
                                (count + grain - 1) / std::max<std::int64_t>(grain, 1));
}

/// Calls `run(part)` for each part in [0, parts), each on a thread of its own. `run` must not
/// throw.
template <typename Run>
void run_parts(std::int64_t parts, const Run& run) {
  if (parts <= 1) {
    if (parts == 1) run(std::int64_t{0});
    return;
  }
#if defined(__SANITIZE_THREAD__)
  // libgomp is not built with the thread sanitizer, which so cannot see its fork and join.
  std::vector<std::thread> threads;
  for (std::int64_t part = 1; part < parts; ++part) threads.emplace_back(run, part);
  run(std::int64_t{0});
  for (std::thread& thread : threads) thread.join();
#else
#pragma omp parallel num_threads(static_cast <int>(parts))
  // OpenMP may give fewer threads than asked for, e.g. one inside another parallel region.
  for (std::int64_t part = omp_get_thread_num(); part < parts; part += omp_get_num_threads())
    run(part);
#endif
}

/// Calls `body(begin, end)` on contiguous parts of [0, count) of nearly the same length: one a
/// thread, or fewer, so that parts are about `grain` long at least. The parts depend only on
/// `count`, `grain` and the number of threads, so that results are reproducible. `body` must not
/// throw.
template <typename Body>
void parallel_for(std::int64_t count, std::int64_t grain, const Body& body) {
  const std::int64_t parts = num_parallel_parts(count, grain);
  run_parts(parts,
            [&](std::int64_t part) { body(count * part / parts, count * (part + 1) / parts); });
}

/// The same for work that needs memory of its own: calls `body(worker, begin, end)` with what
/// `make_worker()` gave for this part, before any part began, so that it may throw.
template <typename MakeWorker, typename Body>
void parallel_for_with(std::int64_t count, std::int64_t grain, const MakeWorker& make_worker,
                       const Body& body) {
  const std::int64_t parts = num_parallel_parts(count, grain);
  std::vector<std::invoke_result_t<MakeWorker>> workers;
  workers.reserve(static_cast<std::size_t>(parts));
  for (std::int64_t part = 0; part < parts; ++part) workers.push_back(make_worker());
  run_parts(parts, [&](std::int64_t part) {
    body(workers[static_cast<std::size_t>(part)], count * part / parts, count * (part + 1) / parts);
  });
}

}  // namespace digitry
