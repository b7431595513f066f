#include "digitry/tuning/heartbeat.h"

#include <fmt/format.h>

#include "digitry/base/error.h"
#include "digitry/tuning/database.h"

namespace digitry {

Heartbeat::Heartbeat(const Study& study, std::chrono::milliseconds interval)
    : study_(study), interval_(interval), thread_([this] { run(); }) {}

Heartbeat::~Heartbeat() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Heartbeat::set_trial(std::int64_t trial) {
  const std::lock_guard lock(mutex_);
  trial_ = trial;
  claim_ = study_.claim_of(trial);
}

void Heartbeat::run() {
  std::unique_ptr<Database> database;
  std::unique_lock lock(mutex_);
  while (!changed_.wait_for(lock, interval_, [this] { return ending_; })) {
    if (trial_ == 0) continue;
    const std::int64_t trial = trial_;
    const std::string claim = claim_;
    lock.unlock();
    try {
      if (!database) database = open_database(study_.location_, /*create=*/false);
      database->transaction(Database::Access::kWrite, [&] {
        database->query(fmt::format("UPDATE trials SET heartbeat = {} WHERE id = $1 AND claim = $2",
                                    database->now()),
                        {trial, claim});
      });
    } catch (const Error&) {
      database.reset();  // The trial's own thread meets the error too, and reports it.
    }
    lock.lock();
  }
}

}  // namespace digitry
