#pragma once

namespace digitry::app {

/// Starts the thread that takes SIGINT (Ctrl-C) and SIGTERM for the process. Call it once, before
/// any other thread is started: the calling thread, and so those that it starts, block both
/// signals.
///
/// No signal handler may run in a thread that computes: oneDNN's float32 matrix products for AVX2
/// and AVX-512 point the stack register into the heap, where the frame of a handler overwrites what
/// is there (oneDNN issue 4845). Signals that the parent has set to be ignored stay ignored.
void start_interrupt_thread();

/// While one lives, SIGINT and SIGTERM only ask the work to stop, at its next good moment; a second
/// one ends the process at once, as the first one does if none lives.
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

  bool requested() const;
};

}  // namespace digitry::app
