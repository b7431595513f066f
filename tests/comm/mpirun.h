#pragma once

#include <sys/types.h>

#include <cstdlib>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/process.h"

namespace digitry::test {

/// Lets mpirun start more processes than there are processors, as root (in containers), with one
/// thread each, which give way to each other while they wait.
inline CommandOptions mpi_options() {
  CommandOptions options;
  options.environment = {{"OMPI_ALLOW_RUN_AS_ROOT", "1"},
                         {"OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1"},
                         {"OMPI_MCA_rmaps_base_oversubscribe", "1"},
                         {"OMPI_MCA_hwloc_base_binding_policy", "none"},
                         // The same for Open MPI 5, whose mpirun is PRRTE's.
                         {"PRTE_ALLOW_RUN_AS_ROOT", "1"},
                         {"PRTE_ALLOW_RUN_AS_ROOT_CONFIRM", "1"},
                         {"PRTE_MCA_rmaps_default_mapping_policy", ":oversubscribe"},
                         {"PRTE_MCA_hwloc_default_binding_policy", "none"},
                         {"OMPI_MCA_mpi_yield_when_idle", "1"},
                         {"OMP_NUM_THREADS", "1"},
                         {"ASAN_OPTIONS", "detect_leaks=0"}};
  return options;
}

/// "mpirun -np SIZE" and the program with its arguments; "digitry" is the command of this build.
inline std::vector<std::string> mpirun(int size, std::vector<std::string> program) {
  if (program[0] == "digitry") program[0] = command_path().string();
  std::vector<std::string> words{"mpirun", "-np", std::to_string(size)};
  words.insert(words.end(), program.begin(), program.end());
  return words;
}

inline CommandResult run_ranks(int size, std::vector<std::string> program) {
  return run_command(mpirun(size, std::move(program)), mpi_options());
}

/// The processes that `pid` has started.
inline std::vector<pid_t> children_of(pid_t pid) {
  const std::string process = std::to_string(pid);
  std::ifstream file("/proc/" + process + "/task/" + process + "/children");
  std::vector<pid_t> children;
  for (pid_t child = 0; file >> child;) children.push_back(child);
  return children;
}

}  // namespace digitry::test
