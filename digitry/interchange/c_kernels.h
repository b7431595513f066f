#pragma once

#include <string>

#include "digitry/interchange/lowered.h"

namespace digitry::c_kernels {

/// C functions that compute the steps of the network, those that it uses, as text.
std::string preamble(const LoweredNetwork& network, bool int8);

}  // namespace digitry::c_kernels
