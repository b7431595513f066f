#pragma once

#include "digitry/base/log.h"

// Internal to serving.

namespace digitry::serving {

/// Says to the log, if there is memory for that, that a client will get no answer.
inline void log_lost_answer() noexcept {
  try {
    log(LogLevel::kWarning,
        "an answer was lost: no memory was left for it, or what gave it failed");
  } catch (...) {  // NOLINT(bugprone-empty-catch): there is nothing left to do.
  }
}

}  // namespace digitry::serving
