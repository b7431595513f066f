#pragma once

#include <nanobind/nanobind.h>

#include <condition_variable>
#include <functional>
#include <mutex>

namespace digitry::python {

/// Work on a thread of its own, while the thread that waits for it handles signals and calls
/// Python: see `run_in_background`. These functions are for the work.
class Background {
 public:
  /// Is called on the thread that waits, which holds the GIL; true stops the work. Not destroyed
  /// there: it must hold no Python objects.
  using Call = std::function<bool()>;

  /// Has `call` called, and returns when that is done, or when the work is to stop.
  void call(Call call);
  /// Has `call` called some time later, unless another one is passed first.
  void call_later(Call call);
  /// Whether the work is to stop.
  bool stopped();

 private:
  friend nanobind::object run_in_background(const std::function<void(Background&)>& work);

  std::mutex mutex_;
  std::condition_variable changed_;
  Call call_;
  Call later_;
  bool stopped_ = false;
  bool done_ = false;
};

/// Runs `work` by `run_computation` on a thread of its own. This thread, which holds the GIL, waits
/// for it without the GIL, and handles signals. An exception of Python (KeyboardInterrupt, or one
/// of a call) stops the work and is returned; else None. Throws what `work` throws. Signals are
/// blocked on the thread that works (see SignalsBlocked).
nanobind::object run_in_background(const std::function<void(Background&)>& work);

}  // namespace digitry::python
