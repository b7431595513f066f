#pragma once

#include <cstdint>
#include <type_traits>
#include <vector>

namespace digitry {

/// The number of threads that work started by the calling thread uses: the number that OpenMP
/// keeps, which oneDNN uses too.
int num_threads();

/// Sets the number of threads for work that the calling thread starts; other threads keep theirs.
/// 0 means the default of OpenMP: OMP_NUM_THREADS if that is set, else one per processor.
/// Throws Error{kInvalidArgument} if `count` is not in [0, 1024].
void set_num_threads(int count);

/// Sets the number of threads for a scope. Throws as `set_num_threads` does.
class ScopedNumThreads {
 public:
  explicit ScopedNumThreads(int count);
  ~ScopedNumThreads();
  ScopedNumThreads(const ScopedNumThreads&) = delete;
  ScopedNumThreads& operator=(const ScopedNumThreads&) = delete;

 private:
  int before_;
};

/// Ends the threads that wait for more work of the calling thread; its next work starts new ones.
/// For a thread that leaves the work to another one: OpenMP (GCC's) lets waiting threads spin only
/// while it has no more threads than processors, and else they sleep, which costs small work half
/// of its speed. Must not be called inside of parallel work.
void release_threads();

/// The number of parts into which `parallel_for` divides its range: at most `num_threads()`.
std::int64_t num_parallel_parts(std::int64_t count, std::int64_t grain);

/// Calls `run(context, part)` for each part in [0, parts), each on its own thread if OpenMP
/// provides that many. Inside another parallel region OpenMP provides one.
void run_parts(std::int64_t parts, void (*run)(const void* context, std::int64_t part),
               const void* context);

/// Calls `run(part)` for each part in [0, parts). An exception in `run` ends the program.
template <typename Run>
void run_parts(std::int64_t parts, const Run& run) {
  run_parts(
      parts,
      [](const void* context, std::int64_t part) noexcept {
        (*static_cast<const Run*>(context))(part);
      },
      &run);
}

/// Calls `body(begin, end)` on contiguous parts of [0, count) of nearly equal length: one per
/// thread, or fewer if parts would become shorter than about `grain`. The parts depend only on
/// `count`, `grain` and the number of threads, so that results are reproducible. An exception in
/// `body` ends the program.
template <typename Body>
void parallel_for(std::int64_t count, std::int64_t grain, const Body& body) {
  const std::int64_t parts = num_parallel_parts(count, grain);
  run_parts(parts,
            [&](std::int64_t part) { body(count * part / parts, count * (part + 1) / parts); });
}

/// The same for work that needs scratch memory: calls `body(worker, begin, end)` with the result of
/// `make_worker()` for this part. All workers are made before the first part starts, on the calling
/// thread, so that `make_worker` may throw.
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
