#pragma once

#include <nanobind/nanobind.h>
#include <signal.h>

#include <functional>

namespace digitry::python {

/// Blocks the signals that a program may handle, on this thread and on those that it starts.
/// oneDNN's products point the stack register into the heap while they run, so that Python's signal
/// handler must not interrupt a thread that computes (docs/platforms.md, "Signal handlers"). A
/// signal that arrives is handled when the scope ends, or by another thread.
class SignalsBlocked {
 public:
  SignalsBlocked();
  ~SignalsBlocked();
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_;
};

/// The number of threads of the whole process, as set from Python; 0 for OpenMP's default.
void set_process_threads(int count);
int process_threads();

/// Installs what notices a fork. Call it once.
void watch_for_forks();

/// Runs `work` with signals blocked and with the number of threads of the process. In a child of
/// `fork` it runs on a new thread, because OpenMP's threads of the parent do not exist there.
/// Expects that the GIL is not held.
void run_computation(const std::function<void()>& work);

/// Ends the threads that wait for more computations of the calling thread, which another thread is
/// to do: see `release_threads`. In a child of `fork` these do not exist.
void release_computation_threads();

/// The result of `compute()`, without the GIL, by `run_computation`.
template <typename Compute>
auto without_gil(const Compute& compute) {
  const nanobind::gil_scoped_release release;
  decltype(compute()) result;
  run_computation([&] { result = compute(); });
  return result;
}

}  // namespace digitry::python
