#include <iostream>

#include "digitry/base/error.h"
#include "digitry/base/parallel.h"
#include "digitry/base/version.h"
#include "digitry/kernels/cpu_info.h"

int main() {
  digitry::set_num_threads(1);
  std::cout << "digitry " << digitry::version() << ", oneDNN " << digitry::cpu_info().onednn_version
            << '\n';
  try {
    digitry::set_num_threads(-1);
  } catch (const digitry::Error& error) {
    return error.code() == digitry::ErrorCode::kInvalidArgument ? 0 : 1;
  }
  return 1;
}
