#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "digitry/training/fit.h"

namespace digitry::python {

/// A training on a thread of its own, so that the thread that waits for it can handle signals and
/// call Python. Signals are blocked on the thread that trains (see SignalsBlocked). It does
/// not use the GIL, which must not be held while waiting for it.
class TrainingThread {
 public:
  /// What has happened since the last call of `wait`.
  struct News {
    std::optional<std::pair<EpochRecord, bool>> epoch =
        {};  ///< An epoch that ended; is it the best?
    std::optional<TrainingProgress> progress = {};
    bool done = false;
  };

  /// Starts to train. `recipe` and `data` must outlive the thread.
  TrainingThread(const Recipe& recipe, const Dataset& data);
  /// Stops the training after its step, and waits for that.
  ~TrainingThread();
  TrainingThread(const TrainingThread&) = delete;
  TrainingThread& operator=(const TrainingThread&) = delete;

  /// Waits for the end of an epoch or of the training, for at most that long. After an epoch the
  /// training waits until `go_on` or `stop` is called.
  News wait(std::chrono::milliseconds at_most);
  void go_on();
  /// Ends the training after its step.
  void stop();
  /// After the end: the model, or else throws what the training threw.
  Model take_model();

 private:
  TrainingObserver observer();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<std::pair<EpochRecord, bool>> epoch_;
  std::optional<TrainingProgress> progress_;
  bool done_ = false;
  std::atomic<bool> stopped_{false};
  Model model_;
  std::exception_ptr error_;
  std::thread thread_;  // The last member: it uses the others.
};

}  // namespace digitry::python
