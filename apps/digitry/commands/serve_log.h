#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "digitry/base/log.h"
#include "digitry/serving/service.h"

namespace digitry::app {

enum class LogFormat {
  kText,  ///< "time=... level=info message=..." (logfmt)
  kJson,  ///< One JSON object per line.
};

using LogTime = std::chrono::system_clock::time_point;

/// A log line, with its newline.
std::string message_line(LogFormat format, LogTime time, LogLevel level, std::string_view message);

/// The log line of one answer, with its newline. Its level is a warning for a status of 500 or
/// more.
std::string access_line(LogFormat format, LogTime time, const serving::AccessRecord& record);

}  // namespace digitry::app
