#pragma once

#include <functional>
#include <string>

#include "digitry/base/communicator.h"
#include "digitry/comm/mpi.h"

namespace digitry::app {

/// Number of processes that mpirun has started together with this one, by what it says in the
/// environment (Open MPI, MPICH, and Slurm with PMI); 1 without mpirun.
int num_started_ranks();

/// Runs `work` on the ranks that mpirun has started, or on one rank. Ranks other than the first
/// write nothing to the terminal. If all ranks fail together, the first one throws the error and
/// the others return; if one of them fails alone, it prints the error with its rank and host, and
/// all processes end.
/// Throws Error{kUnavailable} if there are several ranks and this command was built without MPI.
void with_ranks(const std::function<void(Communicator&)>& work);

/// The same for work that needs groups of ranks: `work(nullptr)` without mpirun.
void with_mpi(const std::function<void(MpiCommunicator*)>& work);

/// "4 ranks on 2 hosts: node1 (2), node2 (2)". Collective.
std::string describe_ranks(Communicator& ranks);

}  // namespace digitry::app
