#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "digitry/base/log.h"
#include "digitry/serving/service.h"

namespace digitry::app {

enum class LogFormat {
  kText,  ///< "time=... level=info message=..." (logfmt)
  kJson,  ///< An object a line.
};

using LogTime = std::chrono::system_clock::time_point;

/// One line with its end.
std::string message_line(LogFormat format, LogTime time, LogLevel level, std::string_view message);

/// One line with its end for one answer; a warning where the server failed.
std::string access_line(LogFormat format, LogTime time, const serving::AccessRecord& record);

}  // namespace digitry::app
