#include "apps/digitry/commands/ranks.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "apps/digitry/run.h"
#include "apps/digitry/terminal/terminal.h"
#include "digitry/base/error.h"
#include "digitry/base/parallel.h"
#include "digitry/base/version.h"

namespace digitry::app {
namespace {

namespace fs = std::filesystem;

// How long a rank that failed waits for the others to fail as well.
constexpr double kFailTogetherSeconds = 5;

// The module is beside the command in the build folder, and in lib/digitry once installed.
std::vector<fs::path> module_paths() {
  std::error_code error;
  const fs::path folder = fs::read_symlink("/proc/self/exe", error).parent_path();
  return {folder / "digitry_mpi.so", folder / DIGITRY_MODULE_FOLDER / "digitry_mpi.so"};
}

std::unique_ptr<MpiCommunicator> connect(int started) {
  std::string problem = "this command was built without MPI";
  for (const fs::path& path : module_paths()) {
    std::error_code error;
    if (!fs::exists(path, error)) continue;
    void* const module = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (module == nullptr) {
      problem = ::dlerror();
      break;
    }
    using Connect = MpiCommunicator*();
    const auto connect = reinterpret_cast<Connect*>(::dlsym(module, "digitry_connect_by_mpi"));
    if (connect == nullptr)
      throw Error(ErrorCode::kUnavailable, "{}: expected a module of digitry, found another",
                  path.string());
    std::unique_ptr<MpiCommunicator> ranks(connect());
    if (ranks->size() == started) return ranks;
    const int found = ranks->size();
    ranks->finish(0);
    throw Error(ErrorCode::kUnavailable,
                "mpirun started {} processes, but the MPI of this command sees {}: expected the "
                "mpirun of that MPI, found another's",
                started, found);
  }
  throw Error(ErrorCode::kUnavailable,
              "mpirun started {} processes, but they cannot work together: {}. Install Open MPI "
              "(Debian: libopenmpi-dev) and build digitry again, or start it without mpirun",
              started, problem);
}

}  // namespace

int num_started_ranks() {
  for (const char* name : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE"}) {
    const char* const value = std::getenv(name);
    if (value == nullptr) continue;
    const std::string_view text(value);
    int size = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
    if (error == std::errc() && end == text.data() + text.size() && size > 0) return size;
  }
  return 1;
}

void with_mpi(const std::function<void(MpiCommunicator*)>& work) {
  const int started = num_started_ranks();
  if (started == 1) return work(nullptr);
  const std::unique_ptr<MpiCommunicator> ranks = connect(started);
  if (!ranks->is_first()) global_options().silent = true;
  int status = kDone;
  try {
    check_same(*ranks, ErrorCode::kUnavailable, "version of digitry", version(),
               "install the same version on every host");
    work(ranks.get());
    ranks->finish();
    return;
  } catch (const Error& error) {
    if (ranks->finish(kFailTogetherSeconds)) {
      if (ranks->is_first()) throw;
      return;
    }
    global_options().silent = false;
    status = guarded([&] {
      throw Error(error.code(), "{}: {}", rank_name(ranks->rank(), ranks->host()), error.what());
    });
  } catch (...) {
    global_options().silent = false;
    status = guarded([&] { throw; });
  }
  ranks->end_all_ranks(status);
}

void with_ranks(const std::function<void(Communicator&)>& work) {
  with_mpi([&](MpiCommunicator* ranks) {
    if (ranks == nullptr) return work(one_rank());
    work(*ranks);
  });
}

std::string describe_ranks(Communicator& ranks) {
  std::vector<std::pair<std::string, int>> hosts;
  for (const std::string& host : ranks.gather(ranks.host())) {
    auto found = std::ranges::find(hosts, host, &std::pair<std::string, int>::first);
    if (found == hosts.end()) found = hosts.insert(hosts.end(), {host, 0});
    ++found->second;
  }
  std::vector<std::string> counts;
  for (const auto& [host, count] : hosts) counts.push_back(fmt::format("{} ({})", host, count));
  return fmt::format("{} ranks on {} host{}: {}", ranks.size(), hosts.size(),
                     hosts.size() == 1 ? "" : "s", fmt::join(counts, ", "));
}

void share_threads(Communicator& ranks, int requested) {
  if (ranks.size() == 1) return;
  const std::vector<std::string> hosts = ranks.gather(ranks.host());
  const bool bound =
      std::thread::hardware_concurrency() < static_cast<unsigned>(sysconf(_SC_NPROCESSORS_ONLN));
  if (requested != 0 || bound || std::getenv("OMP_NUM_THREADS") != nullptr) return;
  const auto here = static_cast<int>(std::ranges::count(hosts, ranks.host()));
  set_num_threads(std::max(1, num_threads() / here));
}

std::unique_ptr<Communicator> split_into_groups(MpiCommunicator& ranks, int ranks_per_training) {
  if (ranks_per_training < 1 || ranks.size() % ranks_per_training != 0)
    throw Error(ErrorCode::kInvalidArgument,
                "--ranks-per-training: expected a divisor of the number of ranks ({}), got {}",
                ranks.size(), ranks_per_training);
  return ranks.split(ranks.rank() / ranks_per_training);
}

}  // namespace digitry::app
