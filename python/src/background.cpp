#include "python/src/background.h"

#include <chrono>
#include <exception>
#include <optional>
#include <thread>
#include <utility>

#include "python/src/compute.h"

namespace digitry::python {
namespace nb = nanobind;
namespace {

constexpr std::chrono::milliseconds kPollInterval{50};

}  // namespace

void Background::call(Call call) {
  std::unique_lock lock(mutex_);
  call_ = std::move(call);
  changed_.notify_all();
  changed_.wait(lock, [&] { return call_ == nullptr || stopped_; });
}

void Background::call_later(Call call) {
  const std::lock_guard lock(mutex_);
  later_ = std::move(call);
}

bool Background::stopped() {
  const std::lock_guard lock(mutex_);
  return stopped_;
}

nb::object run_in_background(const std::function<void(Background&)>& work) {
  release_computation_threads();
  Background background;
  std::exception_ptr error;
  std::optional<SignalsBlocked> inherited(std::in_place);
  std::thread thread([&] {
    try {
      run_computation([&] { work(background); });
    } catch (...) {
      error = std::current_exception();
    }
    const std::lock_guard lock(background.mutex_);
    background.done_ = true;
    background.changed_.notify_all();
  });
  inherited.reset();
  std::exception_ptr call_error;
  nb::object exception = nb::none();
  for (bool done = false; !done;) {
    Background::Call later;
    Background::Call call;
    {
      const nb::gil_scoped_release release;
      std::unique_lock lock(background.mutex_);
      background.changed_.wait_for(lock, kPollInterval,
                                   [&] { return background.call_ != nullptr || background.done_; });
      later = std::exchange(background.later_, nullptr);
      call = background.call_;
      done = background.done_;
    }
    bool stop = !exception.is_none() || call_error != nullptr;
    if (!stop) {
      try {
        if (later) stop = later();
        if (call) stop = call() || stop;
        if (PyErr_CheckSignals() != 0) throw nb::python_error();
      } catch (nb::python_error& raised) {
        exception = nb::borrow(raised.value());
        stop = true;
      } catch (...) {
        call_error = std::current_exception();
        stop = true;
      }
    }
    const std::lock_guard lock(background.mutex_);
    background.stopped_ = background.stopped_ || stop;
    if (call) background.call_ = nullptr;
    background.changed_.notify_all();
  }
  {
    const nb::gil_scoped_release release;
    thread.join();
  }
  if (error) std::rethrow_exception(error);
  if (call_error) std::rethrow_exception(call_error);
  return exception;
}

}  // namespace digitry::python
