#pragma once

#include <string>

#include "digitry/nn/plan/plan.h"

namespace digitry::app {

/// A table of the time of each operation of a step: layer, direction, kernel, milliseconds, GFLOP/s
/// and share of the step; then the step as a whole. Expects a plan after start_profile.
std::string profile_text(const Plan& plan);

}  // namespace digitry::app
