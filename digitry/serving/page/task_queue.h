#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace digitry::serving {

/// Threads for tasks that would block the threads that serve connections too long.
class TaskQueue {
 public:
  /// Should not throw: exceptions are only logged.
  using Task = std::function<void()>;

  /// Throws Error{kInvalidArgument} if `num_workers` or `max_waiting` is less than 1.
  TaskQueue(int num_workers, std::size_t max_waiting);
  /// Waits for the running tasks and drops the waiting ones.
  ~TaskQueue();
  TaskQueue(const TaskQueue&) = delete;
  TaskQueue& operator=(const TaskQueue&) = delete;

  /// Throws Error{kUnavailable} if `max_waiting` tasks are waiting.
  void submit(Task task);

 private:
  void work();

  const std::size_t max_waiting_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Task> waiting_;
  bool stopping_ = false;
  std::vector<std::thread> workers_;
};

}  // namespace digitry::serving
