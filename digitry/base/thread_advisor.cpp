#include "digitry/base/thread_advisor.h"

#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <system_error>
#include <utility>

#include "digitry/base/log.h"

namespace digitry {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

// A look costs some ten microseconds; a shorter window would take a moment's wait for a busy
// system.
constexpr double kWindow = 0.1;
// Threads' worth of waiting that is too much: with fewer, a step is hardly longer.
constexpr double kWaiting = 0.25;
// Processors' worth of idling that has room for another thread.
constexpr double kIdle = 0.75;
constexpr double kLongestPause = 60;

// Second number of schedstat, in nanoseconds (Linux, Documentation/scheduler/sched-stats).
std::optional<double> seconds_waited() {
  std::error_code error;
  double waited = 0;
  bool any = false;
  for (const fs::directory_entry& thread : fs::directory_iterator("/proc/self/task", error)) {
    std::ifstream file(thread.path() / "schedstat");
    double ran_ns = 0, waited_ns = 0;
    if (!(file >> ran_ns >> waited_ns)) continue;  // The thread has ended.
    waited += waited_ns * 1e-9;
    any = true;
  }
  if (!any) return std::nullopt;
  return waited;
}

// Lines "cpu0 user nice system idle iowait ...", in ticks (proc(5)).
double seconds_idle() {
  cpu_set_t usable;
  CPU_ZERO(&usable);
  if (sched_getaffinity(0, sizeof usable, &usable) != 0) return 0;
  std::ifstream file("/proc/stat");
  double ticks = 0;
  for (std::string line; std::getline(file, line) && line.starts_with("cpu");) {
    std::istringstream fields(line.substr(3));
    int processor = 0;
    double user = 0, nice = 0, system = 0, idle = 0, iowait = 0;
    if (line[3] == ' ' || !(fields >> processor >> user >> nice >> system >> idle >> iowait))
      continue;
    if (processor < CPU_SETSIZE && CPU_ISSET(processor, &usable)) ticks += idle + iowait;
  }
  return ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
}

}  // namespace

std::optional<ProcessorTimes> read_processor_times() {
  const std::optional<double> waited = seconds_waited();
  if (!waited) return std::nullopt;
  return ProcessorTimes{
      .wall = std::chrono::duration<double>(Clock::now().time_since_epoch()).count(),
      .waited = *waited,
      .idle = seconds_idle()};
}

int ThreadAdvisor::advise() {
  if (unknown_ || most_ == 1 || Clock::now() < next_look_) return now_;
  next_look_ = Clock::now() + std::chrono::milliseconds(static_cast<int>(1000 * kWindow));
  const std::optional<ProcessorTimes> times = read_processor_times();
  unknown_ = !times;
  if (times) advise(*times);
  if (now_ < most_ && !std::exchange(logged_, true))
    log(LogLevel::kInfo, fmt::format("other programs use the processors: going on with {} of {} "
                                     "threads while they do; --threads {} keeps them",
                                     now_, most_, most_));
  return now_;
}

int ThreadAdvisor::advise(const ProcessorTimes& times) {
  if (!window_) {
    window_ = times;
    idle_since_ = times.wall;
    return now_;
  }
  const double seconds = times.wall - window_->wall;
  if (seconds < kWindow) return now_;
  const double waiting = (times.waited - window_->waited) / seconds;
  const double idle = (times.idle - window_->idle) / seconds;
  window_ = times;
  if (idle < kIdle) idle_since_ = times.wall;
  if (waiting >= kWaiting) {
    now_ = std::max(1, now_ - std::max(1, static_cast<int>(std::lround(waiting))));
    idle_since_ = times.wall;
  } else if (now_ < most_ && times.wall - idle_since_ >= pause_) {
    now_ = std::min(most_, now_ + std::max(1, static_cast<int>(std::lround(idle))));
    // The other programs may come and go: tries more and more seldom.
    pause_ = std::min(2 * pause_, kLongestPause);
    idle_since_ = times.wall;
  }
  return now_;
}

}  // namespace digitry
