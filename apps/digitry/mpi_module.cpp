#include "digitry/comm/mpi.h"

// digitry_mpi.so, which the command loads if mpirun has started it: commands/ranks.cpp. A command
// that linked MPI would load its libraries at every start, and its package would depend on them.

extern "C" [[gnu::visibility("default")]] digitry::MpiCommunicator* digitry_connect_by_mpi() {
  return digitry::connect_by_mpi().release();
}
