#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace digitry::serving {

/// Threads for what takes too long for those that move bytes.
class TaskQueue {
 public:
  /// Should not throw: nobody learns of it.
  using Task = std::function<void()>;

  /// Throws Error{kInvalidArgument} without a worker or room for a task.
  TaskQueue(int num_workers, std::size_t max_waiting);
  /// Ends with the tasks under way; those that wait are dropped.
  ~TaskQueue();
  TaskQueue(const TaskQueue&) = delete;
  TaskQueue& operator=(const TaskQueue&) = delete;

  /// Throws Error{kUnavailable} where `max_waiting` wait already.
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
