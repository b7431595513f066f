#include "apps/digitry/interrupt.h"

#include <csignal>
#include <initializer_list>

namespace digitry::app {
namespace {

volatile std::sig_atomic_t interrupt_requested = 0;

// What the parent has told this process to ignore (a shell's "trap '' INT", nohup) stays ignored.
void set_handler(void (*handler)(int), int flags) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = flags;
  sigemptyset(&action.sa_mask);
  for (const int signal : {SIGINT, SIGTERM}) {
    struct sigaction before {};
    sigaction(signal, nullptr, &before);
    if (before.sa_handler != SIG_IGN) sigaction(signal, &action, nullptr);
  }
}

extern "C" void on_interrupt(int /*signal*/) { interrupt_requested = 1; }

}  // namespace

InterruptGuard::InterruptGuard() {
  interrupt_requested = 0;
  // SA_RESETHAND: the second signal finds the default action.
  set_handler(on_interrupt, static_cast<int>(SA_RESETHAND) | SA_RESTART);
}

InterruptGuard::~InterruptGuard() { set_handler(SIG_DFL, 0); }

bool InterruptGuard::requested() const { return interrupt_requested != 0; }

}  // namespace digitry::app
