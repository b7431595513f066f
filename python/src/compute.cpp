#include "python/src/compute.h"

#include <pthread.h>

#include <atomic>
#include <exception>
#include <thread>

#include "digitry/base/parallel.h"

namespace digitry::python {
namespace {

std::atomic<int> process_num_threads{0};
std::atomic<bool> is_forked{false};

void run_with_threads(const std::function<void()>& work) {
  const ScopedNumThreads scope(process_num_threads);
  work();
}

}  // namespace

SignalsBlocked::SignalsBlocked() {
  sigset_t signals;
  sigfillset(&signals);
  // Those of faults in this thread cannot wait.
  for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP})
    sigdelset(&signals, fault);
  pthread_sigmask(SIG_BLOCK, &signals, &before_);
}
SignalsBlocked::~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

void set_process_threads(int count) {
  const ScopedNumThreads checked(count);
  process_num_threads = count;
}

int process_threads() {
  const ScopedNumThreads scope(process_num_threads);
  return num_threads();
}

void watch_for_forks() {
  pthread_atfork(nullptr, nullptr, [] { is_forked = true; });
}

void release_computation_threads() {
  if (!is_forked) release_threads();
}

void run_computation(const std::function<void()>& work) {
  const SignalsBlocked blocked;
  if (!is_forked) {
    run_with_threads(work);
    return;
  }
  std::exception_ptr error;
  std::thread([&] {
    try {
      run_with_threads(work);
    } catch (...) {
      error = std::current_exception();
    }
  }).join();
  if (error) std::rethrow_exception(error);
}

}  // namespace digitry::python
