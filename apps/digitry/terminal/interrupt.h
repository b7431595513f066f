#pragma once

namespace digitry::app {

/// Starts the thread that receives SIGINT (Ctrl-C) and SIGTERM for the process. Call it once,
/// before any other thread is started: the calling thread and the threads that it starts block both
/// signals.
///
/// No signal handler may run in a thread that computes: oneDNN's float32 matrix products for AVX2
/// and AVX-512 point the stack register into the heap, where the frame of a handler would overwrite
/// data (oneDNN issue 4845). Signals that the parent process ignores stay ignored.
void start_interrupt_thread();

/// While a guard exists, the first SIGINT or SIGTERM only requests that the work stop at a safe
/// point; a second one ends the process at once. Without a guard, the first one ends the process.
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

  bool requested() const;
};

}  // namespace digitry::app
