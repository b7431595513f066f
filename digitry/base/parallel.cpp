#include "digitry/base/parallel.h"

#include "digitry/base/error.h"

namespace digitry {

int num_threads() { return omp_get_max_threads(); }

void set_num_threads(int count) {
  if (count < 0 || count > 1024)
    throw Error(ErrorCode::kInvalidArgument, "threads: want 0 (all) to 1024, got {}", count);
  omp_set_dynamic(0);
  omp_set_num_threads(count == 0 ? omp_get_num_procs() : count);
}

}  // namespace digitry
