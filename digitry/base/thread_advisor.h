#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace digitry {

/// What the system says of processors, in seconds since some moment.
struct ProcessorTimes {
  double wall = 0;
  /// How long the threads of this process, together, were ready to run but had none.
  double waited = 0;
  /// How long processors that this process may use were idle, all of them together.
  double idle = 0;
};

/// Reads them from Linux's /proc. Empty if the kernel does not tell how long threads waited.
std::optional<ProcessorTimes> read_processor_times();

/// Says with how many threads to go on while other programs use the processors. Threads that work
/// on parts of the same step wait for the last of them: two threads on processors that they share
/// with one other program each take not twice as long, but up to twenty times.
class ThreadAdvisor {
 public:
  /// `most` is the number of threads where all processors are free.
  explicit ThreadAdvisor(int most) : most_(most), now_(most) {}

  /// The number of threads to continue with, in [1, most]. To be called often: most calls only look
  /// at the clock. Logs the first time that it is less than `most`.
  int advise();
  /// The same with times read by the caller.
  int advise(const ProcessorTimes& times);

 private:
  int most_, now_;
  std::optional<ProcessorTimes> window_;  // At its start.
  std::chrono::steady_clock::time_point next_look_{};
  double pause_ = 2;       // Seconds of idle processors before it tries more threads.
  double idle_since_ = 0;  // Wall time.
  bool unknown_ = false;   // The system does not tell.
  bool logged_ = false;
};

}  // namespace digitry
