#pragma once

#include <memory>

#include "digitry/base/communicator.h"

namespace digitry {

/// The processes that mpirun started, connected by MPI.
///
///   const auto ranks = connect_by_mpi();
///   const Model model = fit(recipe, train, {}, *ranks);
///   ranks->finish();
///
/// All functions may be called from one thread at a time. MPI itself is used on a thread of its own
/// (MPI_THREAD_FUNNELED), which sums while the caller computes.
class MpiCommunicator : public Communicator {
 public:
  /// The ranks of which each passes the same `group`, in the order of their ranks here. Collective.
  /// The result must be destroyed before this object.
  virtual std::unique_ptr<Communicator> split(int group) = 0;

  /// Waits until all ranks have called this, without using the processor, which other functions do
  /// while they wait. Returns false if `timeout_seconds` is not negative and passes before.
  virtual bool wait_for_all(double timeout_seconds = -1) = 0;

  /// Ends MPI, after all ranks have called this; waits as `wait_for_all`, and ends nothing if the
  /// time passes. Must be the last call; without it the destructor ends the process group as
  /// `end_all_ranks` does.
  virtual bool finish(double timeout_seconds = -1) = 0;

  /// Ends the processes of all ranks at once. For a rank that cannot go on while others wait for
  /// it.
  [[noreturn]] virtual void end_all_ranks(int exit_status) = 0;
};

/// Connects this process to the others. Call it once in a process that mpirun has started; a
/// process started otherwise is a single rank. MPI ends the process if it cannot start.
/// Throws Error{kUnavailable} if MPI does not support threads or was initialized already.
std::unique_ptr<MpiCommunicator> connect_by_mpi();

}  // namespace digitry
