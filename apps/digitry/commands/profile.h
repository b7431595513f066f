#pragma once

#include <string>

#include "digitry/nn/plan/plan.h"

namespace digitry::app {

/// A table of what each operation of a step cost: layer, direction, kernel, milliseconds, GFLOP/s
/// and share of the step; then the step as a whole. Expects a plan whose profile was started.
std::string profile_text(const Plan& plan);

}  // namespace digitry::app
