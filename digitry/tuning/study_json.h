#pragma once

#include <string>

#include "digitry/tuning/study.h"

namespace digitry {

/// The study as JSON: settings, space, and each trial with its parameters and epochs, for other
/// programs (docs/tuning.md describes it). Numbers keep all their digits. Throws as `Study`.
std::string study_json(Study& study);

}  // namespace digitry
