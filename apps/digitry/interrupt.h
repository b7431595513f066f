#pragma once

namespace digitry::app {

/// While one lives, Ctrl-C (SIGINT) and SIGTERM only ask the work to stop, at its next good moment;
/// a second one ends the process at once.
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

  bool requested() const;
};

}  // namespace digitry::app
