#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>

#include "digitry/tuning/study.h"

namespace digitry {

/// Reports to the study that this process works on a trial, from a thread of its own, so that a
/// long epoch is not taken for a lost process. It connects to the study when the first report is
/// due.
class Heartbeat {
 public:
  static constexpr std::chrono::milliseconds kInterval{10'000};

  explicit Heartbeat(const Study& study, std::chrono::milliseconds interval = kInterval);
  ~Heartbeat();
  Heartbeat(const Heartbeat&) = delete;
  Heartbeat& operator=(const Heartbeat&) = delete;

  /// The trial that this process began; 0 if it works on none.
  void set_trial(std::int64_t trial);

 private:
  void run();

  const Study& study_;
  std::chrono::milliseconds interval_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool ending_ = false;
  std::int64_t trial_ = 0;
  std::string claim_;
  std::thread thread_;  // Last: it uses the others.
};

}  // namespace digitry
