#include "digitry/base/parallel.h"

#include <omp.h>

#include <algorithm>

#include "digitry/base/error.h"
#if defined(__SANITIZE_THREAD__)
#include <thread>
#endif

namespace digitry {
namespace {

// Read before `set_num_threads` can change it: OpenMP has no other way to get its default.
const int kDefaultNumThreads = omp_get_max_threads();

}  // namespace

int num_threads() { return omp_get_max_threads(); }

void set_num_threads(int count) {
  if (count < 0 || count > 1024)
    throw Error(ErrorCode::kInvalidArgument,
                "threads: expected 1 to 1024, or 0 for OMP_NUM_THREADS or all processors, got {}",
                count);
  omp_set_dynamic(0);
  omp_set_num_threads(count == 0 ? kDefaultNumThreads : count);
}

ScopedNumThreads::ScopedNumThreads(int count) : before_(num_threads()) { set_num_threads(count); }
ScopedNumThreads::~ScopedNumThreads() { omp_set_num_threads(before_); }

void release_threads() {
  omp_pause_resource_all(omp_pause_soft);  // Where it fails, nothing has changed.
}

std::int64_t num_parallel_parts(std::int64_t count, std::int64_t grain) {
  return std::min<std::int64_t>(num_threads(),
                                (count + grain - 1) / std::max<std::int64_t>(grain, 1));
}

void run_parts(std::int64_t parts, void (*run)(const void* context, std::int64_t part),
               const void* context) {
  if (parts <= 1) {
    if (parts == 1) run(context, 0);
    return;
  }
#if defined(__SANITIZE_THREAD__)
  // libgomp is not built with the thread sanitizer, which therefore cannot see its fork and join.
  std::vector<std::thread> threads;
  for (std::int64_t part = 1; part < parts; ++part) threads.emplace_back(run, context, part);
  run(context, 0);
  for (std::thread& thread : threads) thread.join();
#else
#pragma omp parallel num_threads(static_cast <int>(parts))
  // OpenMP may provide fewer threads than requested.
  for (std::int64_t part = omp_get_thread_num(); part < parts; part += omp_get_num_threads())
    run(context, part);
#endif
}

}  // namespace digitry
