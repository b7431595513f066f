#include "digitry/serving/page/task_queue.h"

#include <utility>

#include "digitry/base/error.h"
#include "digitry/base/parallel.h"
#include "digitry/serving/http/http.h"

namespace digitry::serving {

TaskQueue::TaskQueue(int num_workers, std::size_t max_waiting) : max_waiting_(max_waiting) {
  if (num_workers < 1 || max_waiting < 1)
    throw Error(ErrorCode::kInvalidArgument,
                "task queue: expected num_workers >= 1 and max_waiting >= 1, got {} and {}",
                num_workers, max_waiting);
  for (int i = 0; i < num_workers; ++i) workers_.emplace_back([this] { work(); });
}

TaskQueue::~TaskQueue() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void TaskQueue::submit(Task task) {
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() >= max_waiting_)
      throw Error(ErrorCode::kUnavailable, "too busy: {} requests are waiting; try again later",
                  waiting_.size());
    waiting_.push_back(std::move(task));
  }
  wake_.notify_one();
}

void TaskQueue::work() {
  set_num_threads(1);  // Parallelism comes from running several tasks.
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (stopping_) return;
    Task task = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    try {
      task();
    } catch (...) {
      log_lost_answer();
    }
    task = nullptr;
    lock.lock();
  }
}

}  // namespace digitry::serving
