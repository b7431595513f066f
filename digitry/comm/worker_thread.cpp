#include "digitry/comm/worker_thread.h"

#include <utility>

namespace digitry {

WorkerThread::WorkerThread() : thread_([this] { work(); }) {}

WorkerThread::~WorkerThread() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void WorkerThread::start(std::function<void()> call) {
  {
    const std::lock_guard lock(mutex_);
    calls_.push_back(std::move(call));
  }
  changed_.notify_all();
}

void WorkerThread::wait() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return calls_.empty(); });
}

void WorkerThread::run(std::function<void()> call) {
  start(std::move(call));
  wait();
}

void WorkerThread::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return ending_ || !calls_.empty(); });
    if (calls_.empty()) return;
    const std::function<void()>& call = calls_.front();
    lock.unlock();
    call();
    lock.lock();
    calls_.pop_front();
    if (calls_.empty()) changed_.notify_all();
  }
}

}  // namespace digitry
