#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace digitry {

/// Runs calls in order on one thread. They must not throw.
class WorkerThread {
 public:
  WorkerThread();
  ~WorkerThread();
  WorkerThread(const WorkerThread&) = delete;
  WorkerThread& operator=(const WorkerThread&) = delete;

  /// Appends a call and returns.
  void start(std::function<void()> call);
  /// Waits until all calls are done.
  void wait();
  /// Appends a call and waits until it is done.
  void run(std::function<void()> call);

 private:
  void work();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> calls_;  // The first one is running.
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace digitry
