#include "apps/digitry/terminal/interrupt.h"

#include <pthread.h>

#include <atomic>
#include <csignal>
#include <initializer_list>
#include <system_error>
#include <thread>

namespace digitry::app {
namespace {

// kUnguarded: no InterruptGuard exists.
enum class InterruptState { kUnguarded, kGuarded, kRequested };

std::atomic<InterruptState> interrupt_state{InterruptState::kUnguarded};

// Excludes signals that the parent process ignores (a shell's "trap '' INT", nohup).
sigset_t taken_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM}) {
    struct sigaction action {};
    sigaction(signal, nullptr, &action);
    if (action.sa_handler != SIG_IGN) sigaddset(&signals, signal);
  }
  return signals;
}

// Ends the process by the signal, so that its parent sees which one it was.
void end_by(int signal) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, signal);
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  raise(signal);
}

void take_interrupts(const sigset_t& signals) {
  int signal = 0;
  while (sigwait(&signals, &signal) == 0) {
    InterruptState guarded = InterruptState::kGuarded;
    if (!interrupt_state.compare_exchange_strong(guarded, InterruptState::kRequested))
      end_by(signal);
  }
}

}  // namespace

void start_interrupt_thread() {
  const sigset_t signals = taken_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  try {
    std::thread(take_interrupts, signals).detach();
  } catch (const std::system_error&) {  // No thread is available: a signal then ends the process.
    pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  }
}

InterruptGuard::InterruptGuard() { interrupt_state = InterruptState::kGuarded; }
InterruptGuard::~InterruptGuard() { interrupt_state = InterruptState::kUnguarded; }

bool InterruptGuard::requested() const { return interrupt_state == InterruptState::kRequested; }

}  // namespace digitry::app
