#pragma once

#include <functional>
#include <memory>
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

/// Sets the number of threads of this rank unless `requested` (not 0) or OMP_NUM_THREADS has: the
/// processors that it may use, which it shares with the other ranks of its host if mpirun has not
/// bound it to some. Collective.
void share_threads(Communicator& ranks, int requested);

/// The group of this rank: `ranks_per_training` ranks each that train a network together.
/// Collective. Throws Error{kInvalidArgument} if the number of ranks is no multiple of that.
std::unique_ptr<Communicator> split_into_groups(MpiCommunicator& ranks, int ranks_per_training);

}  // namespace digitry::app
