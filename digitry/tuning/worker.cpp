#include "digitry/tuning/worker.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <sstream>

#include "digitry/base/error.h"
#include "digitry/base/file.h"

namespace digitry {
namespace {

constexpr std::uint64_t kMaxProcBytes = 1 << 16;

std::string read_proc(const std::string& path) {
  try {
    return read_file(path, kMaxProcBytes);
  } catch (const Error&) {
    return {};
  }
}

// Start time of a process in clock ticks since boot. Empty if there is no such process.
std::string start_of(const std::string& pid) {
  const std::string stat = read_proc("/proc/" + pid + "/stat");
  // The name, in parentheses, may contain anything. Field 22 is the 20th after it.
  std::size_t at = stat.rfind(')');
  for (int field = 0; field < 20 && at != std::string::npos; ++field) at = stat.find(' ', at + 1);
  if (at == std::string::npos) return {};
  return stat.substr(at + 1, stat.find(' ', at + 1) - at - 1);
}

// "boot/pid:[4026531836]"
std::string this_machine() {
  const std::string boot = read_proc("/proc/sys/kernel/random/boot_id");
  std::error_code error;
  const std::filesystem::path space = std::filesystem::read_symlink("/proc/self/ns/pid", error);
  return boot.substr(0, boot.find('\n')) + "/" + space.string();
}

}  // namespace

std::string this_host() {
  char name[256] = {};
  gethostname(name, sizeof(name) - 1);
  return name;
}

std::string this_worker() {
  const std::string pid = std::to_string(getpid());
  return fmt::format("{} {} {} {}", this_host(), pid, start_of(pid), this_machine());
}

std::string host_of(const std::string& worker) { return worker.substr(0, worker.find(' ')); }

bool is_gone(const std::string& worker) {
  std::istringstream words(worker);
  std::string host;
  std::string pid;
  std::string start;
  std::string machine;
  words >> host >> pid >> start >> machine;
  return machine == this_machine() && start_of(pid) != start;
}

}  // namespace digitry
